"""The manual is printed from the checks and the limits, and cannot drift from them."""

from __future__ import annotations

from pathlib import Path

from tagfit.diagnosis.diagnose import CHECKS
from tagfit.diagnosis.limits import LIMITS
from tagfit.diagnosis.manual import FAMILIES, printed

ROOT = Path(__file__).parents[2]


def test_the_printed_parts_are_what_the_code_says() -> None:
    page = (ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    assert page == printed(page), "python -m tagfit.diagnosis.manual docs/diagnosis.md"


def test_every_check_has_a_section_a_family_a_test_file_and_every_limit_a_check() -> None:
    page = (ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    for check in CHECKS:
        assert f"\n### {check.code}\n" in page
        assert check.family in FAMILIES
        assert (Path(__file__).parent / f"test_{check.code.replace('-', '_')}.py").exists()
    assert {code for code, _ in LIMITS} <= {check.code for check in CHECKS}


def test_no_limit_stands_in_the_table_for_nothing() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "src" / "tagfit" / "diagnosis").glob("*.py")
        if path.name != "limits.py"
    )
    for code, name in LIMITS:
        assert f'"{name}")' in source, f"{code}, {name} limits nothing"
