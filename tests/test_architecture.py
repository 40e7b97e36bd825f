"""The plan of the house: imports go down only, torch has one door, every module says what it is."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"
PACKAGE = SOURCE / "tagfit"

# A room may import from rooms above it in this list; rooms on one line not from each other.
FLOORS = [
    ["errors"],
    ["files", "literals"],
    ["arraylike"],
    ["multihot", "recipe", "history"],
    ["translate"],
    ["scores"],
    ["data"],
    ["evaluation"],
    ["goal"],
    ["runs"],
    ["training"],
    ["diagnosis"],
    ["estimator", "tagger"],
    ["scoring"],
    ["curing"],
    ["workflow"],
    ["report", "lesson"],
    ["demo"],
    ["studio"],
    ["cli"],
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
TORCH_ROOM = "training"


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    """Every module named by an import, at module level or inside a function, as an absolute dotted name."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def upward_imports(room: str, tree: ast.AST) -> list[str]:
    """The imports of a module in ``room`` that go sideways or up."""
    wrong = []
    for name in imported(tree):
        parts = name.split(".")
        if parts[0] != "tagfit" or len(parts) < 2 or parts[1] not in FLOOR:
            continue
        if parts[1] != room and FLOOR[parts[1]] >= FLOOR[room]:
            wrong.append(name)
    return sorted(wrong)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only_and_modules_say_what_they_are(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    summary = (ast.get_docstring(tree) or "").splitlines()
    assert summary, f"{path} does not open with a line that says what it is"
    assert summary[0].endswith("."), f"the first line of {path} is no sentence"
    if path.parent == PACKAGE and path.stem.startswith("__"):
        return
    room = room_of(path)
    assert room in FLOOR, f"{path} stands in a room that the plan does not know"
    assert upward_imports(room, tree) == []
    if room != TORCH_ROOM:
        assert not [name for name in imported(tree) if name.split(".")[0] == "torch"], (
            f"torch has one door: {TORCH_ROOM}/"
        )


def test_the_rule_sees_upward_imports_inside_functions() -> None:
    tree = ast.parse("def f():\n    from tagfit.training import loop\n    import tagfit.cli\n")
    assert upward_imports("data", tree) == ["tagfit.cli", "tagfit.training", "tagfit.training.loop"]


def test_importing_the_command_line_reaches_neither_torch_nor_other_slow_libraries() -> None:
    slow = ("torch", "sklearn", "pandas", "scipy")
    code = f"import sys, tagfit, tagfit.cli; print([m for m in {slow} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_tree_in_the_documents_is_the_tree_of_the_code() -> None:
    path = PACKAGE.parent.parent / "docs" / "tree.py"
    spec = importlib.util.spec_from_file_location("tree", path)
    assert spec is not None
    assert spec.loader is not None
    tree = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tree)
    assert tree.page() == tree.PAGE.read_text(encoding="utf-8"), "run: python docs/tree.py"
