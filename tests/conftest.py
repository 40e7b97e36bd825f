"""What all tests share: one thread, no colour, and the switch for long runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import WITHOUT_EXTRAS, Command
from small_sets import write_features, write_photos
from tagfit.errors import MissingExtraError

# One thread gives the same bits everywhere; the variables are read when the libraries load, so they stand first.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["NO_COLOR"] = "1"
os.environ["COLUMNS"] = "120"
# What says that an extra is missing; a module that the core needs is none of these, and its absence fails.
ABSENT = re.compile(
    "No module named '(torch|optuna|openpyxl|pyarrow|fsspec|s3fs|pillow_heif|plotly|transformers|"
    r"onnx|onnxscript|onnxruntime|starlette|uvicorn|prometheus_client|python_multipart|watchdog|httpx|fsrs|ray|grpc)|"
    r"pip install 'tagfit\["
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the long form of checks that have a short one")
    parser.addoption("--without-extras", action="store_true", help="skip tests that need an extra, such as torch")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--without-extras"):
        os.environ[WITHOUT_EXTRAS] = "1"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """With ``--without-extras``: a file that imports an extra, or a tool for testing one, is skipped."""
    report = yield
    said = str(report.longrepr)
    of_a_test = "No module named" in said and "src/tagfit" not in said
    if os.environ.get(WITHOUT_EXTRAS) and report.failed and (of_a_test or ABSENT.search(said)):
        report.outcome, report.longrepr = "skipped", (str(collector.path), 0, "needs an extra")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """With ``--without-extras``: a test that says an extra is missing is skipped."""
    report = yield
    if os.environ.get(WITHOUT_EXTRAS) and call.excinfo is not None:
        error = call.excinfo.value
        if isinstance(error, MissingExtraError) or ABSENT.search(str(error)):
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, "needs an extra")
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    kept = [item for item in items if item.get_closest_marker("long") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands of all tests keep their decoded pictures."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def course_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests of the course keep its pictures and trainings, the same for all processes that run tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "course-cache"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def tagfit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache_dir: Path
) -> Command:
    """Runs commands in this process, in an empty folder."""
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(cache_dir))
    monkeypatch.chdir(tmp_path)
    return Command(capsys)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 40 tagged pictures."""
    return write_photos(tmp_path_factory.mktemp("photos") / "photos")


@pytest.fixture(scope="session")
def photo_run(photos: Path, tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Path:
    """The folder of a run on ``photos``."""
    from tagfit.data.plan import Plan
    from tagfit.workflow import fit

    problem = Plan(str(photos), size=8, cache_dir=str(cache_dir)).problem()
    return fit(problem, "plain-dense", out=tmp_path_factory.mktemp("photo_run") / "run", threads=1).folder


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ``.npz`` of 60 rows of features with the labels a, b and c."""
    return write_features(tmp_path_factory.mktemp("rows") / "rows.npz")


@pytest.fixture(scope="session")
def row_run(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on ``rows``."""
    from tagfit.data.plan import Plan
    from tagfit.recipe import Recipe
    from tagfit.workflow import fit

    recipe = Recipe(widths=(8,), epochs=3)
    return fit(Plan(str(rows)).problem(), recipe, out=tmp_path_factory.mktemp("row_run") / "run", threads=1).folder
