"""One station in the terminal: shows a step, reads the answer, records it, shows the outcome, until all are over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tagfit.cli.learn_drawing import draw
from tagfit.cli.output import number, progress_bar
from tagfit.cli.prompts import EndOfInput, Quit, Restart, Skip, Terminal
from tagfit.errors import InputError, MissingExtraError
from tagfit.lesson import answers, content, progress, steps
from tagfit.lesson.blocks import Code, Shown
from tagfit.lesson.content import Station, Step, message
from tagfit.lesson.state import HINT, RESTART, SKIP, SOLUTION, State, answered, happened, next_station, state
from tagfit.lesson.steps import OnEpoch, Outcome


class Face:
    """The terminal face of the course.

    Args:
        path: the file of the progress.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.terminal = Terminal(restarts=True)

    def run(self, station: Station) -> None:
        """Go through the steps that are not over yet."""
        now = self._state(station)
        number = [one.id for one in content.stations()].index(station.id) + 1
        heading = message("station_heading", number=number, title=station.title, minutes=station.minutes)
        self.terminal.say(heading, style="bold")
        if now.events and now.current is not None:
            self.terminal.say(message("resumed", done=now.done, count=len(station.steps)))
        self.terminal.say(station.intro)
        self.terminal.say(message("help_line"), style="dim")
        try:
            while (step := self._state(station).current) is not None:
                try:
                    self._step(station, step)
                except Restart:
                    self._record(happened(RESTART, station))
                    self.terminal.say(message("restarted"))
        except EndOfInput:
            self.terminal.say(message("input_ended", name=station.id))
            return
        except Quit:
            self.terminal.say(message("quit", name=station.id))
            return
        self._end(station)

    def _end(self, station: Station) -> None:
        found = self._state(station).to_dict()
        self.terminal.say()
        self.terminal.say(station.outro)
        self.terminal.say(message("station_done", **found))
        following = next_station(progress.read(self.path))
        self.terminal.say(message("last_station") if following is None else message("next_station", name=following.id))

    def _step(self, station: Station, step: Step) -> None:
        """Ask until the step is over."""
        shown = steps.show(self._state(station).context(step))
        question = steps.prompt(self._state(station).context(step), shown)
        self.terminal.say()
        place = [one.id for one in station.steps].index(step.id) + 1
        self.terminal.say(message("step_heading", number=place, count=len(station.steps)), style="dim")

        def ask_again() -> None:
            self.terminal.say(question)
            draw(self.terminal, shown.blocks)
            self.terminal.options([option.text for option in step.options])

        ask_again()
        self.terminal.hint = lambda: self._hint(station, step)
        self.terminal.solution = lambda: self._solution(station, step, shown.figures)
        while self._state(station).current == step:
            try:
                answer = self._answer(step, shown, ask_again)
                sure = self.terminal.sure() if step.sure else None
            except Skip:
                self._record(happened(SKIP, station, step))
                self.terminal.say(message("skipped"))
                return
            try:
                with self._training() as on_epoch:
                    context = self._state(station).context(step, on_epoch)
                    outcome, event = answered(context, answer, sure=sure)
            except MissingExtraError:
                raise
            except InputError as error:  # what only the lab can know
                self.terminal.say(str(error), style="red")
                continue
            self._record(event)
            self._show(step, outcome, sure)

    def _show(self, step: Step, outcome: Outcome, sure: bool | None) -> None:
        word = {True: "right", False: "not_so" if outcome.done else "wrong", None: "seen"}[outcome.right]
        style = {True: "green", False: "red", None: ""}[outcome.right]
        self.terminal.say(message(word), style=style)
        if outcome.right is False and sure:
            self.terminal.say(message("wrong_but_sure"))
        draw(self.terminal, outcome.blocks)
        for text in outcome.feedback(step):
            self.terminal.say(text)
        if not outcome.done:
            self.terminal.say(message("again"), style="dim")

    def _answer(self, step: Step, shown: Shown, repeat: Callable[[], None]) -> Any:
        """The answer to a step; tags are asked picture by picture, code line by line."""
        help_text = message(f"help_{step.kind}", count=step.length)
        if step.kind == "tags":
            rows = [
                self.terminal.ask(
                    message("prompt_tags", number=row),
                    lambda typed: self._tags(step, typed),
                    help_text=help_text,
                    repeat=repeat,
                )
                for row in range(1, step.length + 1)
            ]
            return answers.checked(step, rows)
        if step.kind == "code":
            return self._code(step, shown, help_text, repeat)
        return self.terminal.ask(
            message(f"prompt_{step.kind}"), lambda typed: answers.read(step, typed), help_text=help_text, repeat=repeat
        )

    def _code(self, step: Step, shown: Shown, help_text: str, repeat: Callable[[], None]) -> str:
        """Lines are replaced one by one, until the learner says that it is done."""
        lines = next(block.text for block in shown.blocks if isinstance(block, Code)).split("\n")

        def read(typed: str) -> tuple[int, str] | None:
            if typed.casefold() == message("word_done"):
                return None
            place, _, line = typed.partition(" ")
            if not (place.isdecimal() and 1 <= int(place) <= len(lines)):
                raise InputError(help_text)
            return int(place) - 1, line

        while True:
            change = self.terminal.ask(message("prompt_code"), read, help_text=help_text, repeat=repeat)
            if change is None:
                return str(answers.checked(step, "\n".join(lines)))
            place, line = change
            if line == line.lstrip():  # a line keeps its indentation unless it is given another one
                line = lines[place][: len(lines[place]) - len(lines[place].lstrip())] + line
            lines[place] = line
            draw(self.terminal, [Code("\n".join(lines))])

    @staticmethod
    def _tags(step: Step, typed: str) -> list[str]:
        return [] if typed == "0" else answers.row_of_tags(step, typed)

    def _hint(self, station: Station, step: Step) -> None:
        now = self._state(station)
        text = now.next_hint(step)
        if text is None:
            self.terminal.say(message("no_more_hints" if step.hints else "no_hint"))
            return
        self.terminal.say(message("hint", number=len(now.of(step, HINT)) + 1, count=len(step.hints), text=text))
        self._record(happened(HINT, station, step))

    def _solution(self, station: Station, step: Step, figures: dict[str, Any]) -> None:
        if not step.solution:
            self.terminal.say(message("no_solution"))
        elif not self._state(station).may_see_solution(step):
            self.terminal.say(message("try_first"))
        else:
            self._record(happened(SOLUTION, station, step))
            self.terminal.say(message("solution", text=step.solution.format(**figures)))

    def _state(self, station: Station) -> State:
        return state(station, progress.read(self.path))

    def _record(self, event: dict[str, Any]) -> None:
        progress.append(self.path, event)

    @contextmanager
    def _training(self) -> Iterator[OnEpoch]:
        """A callback that shows a training on a bar that goes when it ends."""
        with progress_bar(quiet=False) as bar:
            tasks: dict[int, Any] = {}

            def show(epoch: Any, most: int) -> None:
                if epoch.epoch == 1 or not tasks:
                    tasks[0] = bar.add_task(message("training"), total=most, news="")
                figures = {"train": number(epoch.train_loss), "validation": number(epoch.validation_loss)}
                bar.update(tasks[0], completed=epoch.epoch, news=message("epoch_news", **figures))

            yield show
