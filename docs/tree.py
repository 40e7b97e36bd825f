"""Write the tree of packages with the first line of each module into architecture.md.

python docs/tree.py
"""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "src" / "tagfit"
PAGE = Path(__file__).parent / "architecture.md"
START, END = "<!-- tree -->\n", "<!-- /tree -->\n"


def tree() -> str:
    """The folders and modules, each with the line that says what it is."""
    lines = []
    for path in sorted(PACKAGE.rglob("*.py"), key=lambda path: (path.relative_to(PACKAGE).parts[:-1], path.name)):
        parts = path.relative_to(PACKAGE).parts
        if path.name == "__init__.py":
            name, depth = "/".join(("tagfit", *parts[:-1])) + "/", 0
        else:
            name, depth = path.name, 1
        lines.append(f"{'  ' * depth}{name:<{34 - 2 * depth}} {_summary(path)}")
    return "```\n" + "\n".join(lines) + "\n```\n"


def page() -> str:
    """architecture.md with the tree as it is now."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}{tree()}{END}{after}"


def _summary(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
