"""How a form of the course is answered in a browser: with the mouse, or with the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tagfit.lesson.content import Step
from tagfit.lesson.texts import web

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_TABS = 120
ACTIVE = (
    "() => { const one = document.activeElement; return [one.name || '', one.value || '', one.textContent.trim()]; }"
)


def written(step: Step, answer: Any) -> str:
    """The text of a field."""
    return " ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)


class Mouse:
    """Controls found by what they are."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def fill(self, step: Step, answer: Any) -> None:
        """Give an answer."""
        form = self.page.locator("#answer")
        if step.kind == "choice":
            form.locator(f"input[name=answer][value='{answer}']").check()
        elif step.kind == "many":
            for option in step.options:
                form.locator(f"input[name=answer][value='{option.id}']").set_checked(option.id in answer)
        elif step.kind == "tags":
            for place, row in enumerate(answer):
                for name in row:
                    form.locator(f"input[name=answer{place}][value='{name}']").check()
        elif step.kind == "order":
            for place, name in enumerate(answer, start=1):
                form.locator(f"select[name='place:{name}']").select_option(str(place))
        else:
            form.locator("[name=answer]").fill(written(step, answer))

    def sure(self, *, sure: bool) -> None:
        """Say how sure the answer is."""
        self.page.get_by_label(web("sure_yes" if sure else "sure_no")).check()

    def press(self, button: str) -> None:
        """Press a button that leads to a page, and wait until that has been computed."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).first.click()
        expect(self.page.locator("h1")).not_to_have_text(web("at_work_title"))


class Keyboard:
    """Tab from control to control, as someone does who has no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def fill(self, step: Step, answer: Any) -> None:
        """Give an answer."""
        keys = self.page.keyboard
        if step.kind == "choice":
            self._choose("answer", answer)
        elif step.kind == "many":
            for option in step.options:
                if option.id in answer:
                    self._tab_to("answer", option.id)
                    keys.press("Space")
        elif step.kind == "tags":
            for place, row in enumerate(answer):
                for name in (option.id for option in step.options if option.id in row):
                    self._tab_to(f"answer{place}", name)
                    keys.press("Space")
        elif step.kind == "order":
            for option in step.options:
                self._tab_to(f"place:{option.id}")
                keys.press(str(list(answer).index(option.id) + 1))
        else:
            self._tab_to("answer")
            keys.press("Control+a")
            keys.insert_text(written(step, answer))

    def sure(self, *, sure: bool) -> None:
        """Say how sure the answer is."""
        self._choose("sure", "yes" if sure else "no")

    def press(self, button: str) -> None:
        """Press a button that leads to a page, and wait until that has been computed."""
        self._tab_to(text=button)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        expect(self.page.locator("h1")).not_to_have_text(web("at_work_title"))

    def _choose(self, name: str, value: str) -> None:
        """One of a group of radio buttons: Tab enters the group, arrows go through it."""
        self._tab_to(name)
        self.page.keyboard.press("Space")
        for _ in range(MOST_TABS):
            if self._active()[:2] == [name, value]:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow leads to {name} {value}")

    def _tab_to(self, name: str = "", value: str = "", text: str = "") -> None:
        for _ in range(MOST_TABS):
            found = self._active()
            if (name and found[0] == name and value in ("", found[1])) or (text and found[2] == text):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {name} {value} {text}")

    def _active(self) -> list[str]:
        found: list[str] = self.page.evaluate(ACTIVE)
        return found
