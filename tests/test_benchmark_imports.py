"""Benchmarks are not run by the suite; what they import from tagfit must be there all the same."""

import ast
import importlib.util
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def imported(path: Path) -> list[tuple[str, str]]:
    """(module, name) of each ``from tagfit... import ...`` anywhere in a file."""
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return [
        (node.module, each.name) for node in found if (node.module or "").startswith("tagfit") for each in node.names
    ]


def exists(module: str, name: str) -> bool:
    """Whether a module defines a name, or contains a module of that name."""
    found = importlib.import_module(module)
    inside = hasattr(found, "__path__") and importlib.util.find_spec(f"{module}.{name}") is not None
    return hasattr(found, name) or inside


@pytest.mark.parametrize("path", sorted(BENCHMARKS.rglob("*.py")), ids=lambda path: str(path.relative_to(BENCHMARKS)))
def test_the_names_that_a_benchmark_imports_exist(path: Path) -> None:
    assert [(module, name) for module, name in imported(path) if not exists(module, name)] == []
