"""Architecture: imports go down only, only training/ imports torch, every module has a summary line."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"
PACKAGE = SOURCE / "tagfit"

# A package may import from packages above it in this list; packages on one line not from each other.
LAYERS = [
    ["errors"],
    ["files", "literals", "arguments", "display", "npz", "backbones", "listening"],
    ["arraylike", "photos", "processors"],
    ["multihot", "recipe", "history", "vocabulary", "launch"],
    ["translate"],
    ["pairing"],
    ["scores"],
    ["data"],
    ["evaluation"],
    ["goal"],
    ["runs"],
    ["training"],
    ["diagnosis"],
    ["estimator", "tagger", "tracking"],
    ["scoring"],
    ["pool"],
    ["curing"],
    ["workflow"],
    ["report", "lesson", "watching"],
    ["demo"],
    ["studio"],
    ["server"],
    ["cli"],
]
LAYER = {package: number for number, packages in enumerate(LAYERS) for package in packages}
TORCH_PACKAGE = "training"


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def package_of(path: Path) -> str:
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


def upward_imports(package: str, tree: ast.AST) -> list[str]:
    """The imports of a module in ``package`` that go sideways or up."""
    wrong = []
    for name in imported(tree):
        parts = name.split(".")
        if parts[0] != "tagfit" or len(parts) < 2 or parts[1] not in LAYER:
            continue
        if parts[1] != package and LAYER[parts[1]] >= LAYER[package]:
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
    package = package_of(path)
    assert package in LAYER, f"{path} is in a package that LAYERS does not list"
    assert upward_imports(package, tree) == []
    if package != TORCH_PACKAGE:
        assert not [name for name in imported(tree) if name.split(".")[0] == "torch"], (
            f"torch may only be imported in {TORCH_PACKAGE}/"
        )


def test_the_rule_sees_upward_imports_inside_functions() -> None:
    tree = ast.parse("def f():\n    from tagfit.training import loop\n    import tagfit.cli\n")
    assert upward_imports("data", tree) == ["tagfit.cli", "tagfit.training", "tagfit.training.loop"]


def test_only_methods_of_results_reach_the_functions_above_them_through_the_public_face() -> None:
    """``import tagfit`` gives everything; below the workflow that would be an import upwards by another name."""
    reaching = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if path.name != "__init__.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tagfit"
        if node.attr != "__version__"
    }
    assert reaching == {"runs/run.py", "display.py"}, "the card of a result in a notebook is the report's"


def test_the_first_page_of_the_studio_loads_nothing_of_the_engine() -> None:
    pytest.importorskip("starlette")
    code = (
        "import sys; from pathlib import Path; from tagfit.studio.answers import rendered;"
        "from tagfit.studio import routes; from tagfit.studio.pages.runs import runs;"
        "from tagfit.studio.workspace import Workspace;"
        "rendered('page.html', runs(Workspace(Path('/nonexistent'))));"
        "print([m for m in ('numpy', 'PIL', 'pydantic', 'scipy', 'torch', 'tagfit.workflow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
