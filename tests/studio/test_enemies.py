"""What is hostile in a folder or an address: traversal in every part of an address, names with markup, two servers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

import tagfit as tf
from page_tags import EVIL, Tags
from studio.conftest import HOST, ORIGIN, PORT
from tagfit.cli.training_form import trainer
from tagfit.data.plan import Plan
from tagfit.recipe import Recipe
from tagfit.studio.guard import Guard, Session
from tagfit.studio.routes import application
from tagfit.studio.run_routes import application as run_application
from tagfit.studio.workspace import Workspace

RUN = "/runs/runs~mine"
WAYS = (
    "..%2f..%2fsecret",
    "%2e%2e",
    "..%5csecret",
    "runs~..~..~secret",
    "~",
    "%00",
    "%2fetc%2fpasswd",
    "-1",
    "99999999999",
)
# Right to left, and a mark that turns the text around it.
NAMES = (EVIL, 'x" onmouseover="alert(2)', "מפרץ\u202egpj.exe")


def routes(folder: Path) -> Iterator[Route]:
    for route in run_application(Workspace(folder), trainer).routes:
        assert not isinstance(route, Mount)
        assert isinstance(route, Route)
        yield route


def test_traversal_in_every_part_of_every_address_reaches_nothing(client: TestClient, folder: Path) -> None:
    secret = folder.parent / "secret"
    shutil.copytree(folder / "runs" / "mine", secret)
    before = sorted(folder.parent.rglob("*"))
    tried = 0
    for route in routes(folder):
        usual = {"key": "runs~mine", "split": "validation", "row": "0", "number": "0", "at": "0"}
        for name in route.param_convertors:
            for way in WAYS:
                place = {**usual, name: way}
                path = route.path
                for part in route.param_convertors:
                    path = path.replace(f"{{{part}}}", place.get(part, "x")).replace(
                        f"{{{part}:str}}", place.get(part, "x")
                    )
                    path = path.replace(f"{{{part}:int}}", place.get(part, "0"))
                for method in route.methods or ():
                    done = client.request(method, path, headers=ORIGIN)
                    assert done.status_code in (307, 400, 403, 404, 405), (method, path, done.status_code)
                    assert str(secret) not in done.text
                    tried += 1
    assert tried > 300
    assert sorted(folder.parent.rglob("*")) == before


@pytest.fixture
def evil(folder: Path, photos: Path, cache_dir: Path) -> Path:
    """A folder whose labels, pictures and runs have names that are markup, or turn the text around them."""
    source = folder / "photos"
    (source / "images").mkdir(parents=True)
    shutil.rmtree(folder / "runs")
    lines = ["image,tags"]
    for row, picture in enumerate(sorted((photos / "images").iterdir())):
        name = f"{row}<b>\u202e.jpg"
        shutil.copy(picture, source / "images" / name)
        tags = [label for place, label in enumerate(NAMES) if (row >> place) & 1 or row % 3 == place]
        lines.append('"{}","{}"'.format(name, ";".join(tags).replace('"', '""')))
    (source / "tags.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    problem = Plan(str(source), size=8, read={"separator": ";"}, cache_dir=str(cache_dir)).problem()
    return tf.fit(problem, Recipe(widths=(8,), epochs=2), out=folder / "runs" / "mine", threads=1).folder


def test_names_of_labels_and_pictures_are_text_on_every_page(client: TestClient, evil: Path) -> None:
    assert set(tf.open_run(evil).labels) == set(NAMES)
    split = f"{RUN}/validation"
    pages = (RUN, f"{RUN}/findings", f"{RUN}/data", f"{split}/pictures", f"{split}/pictures/0", "/", "/train")
    for path in (*pages, f"{split}/thresholds", f"{split}/calibration", f"{split}/pictures/0/similar"):
        client.get(f"{'/index' if path == '/' else path}.json")  # waits for what takes long
        done = client.get(path)
        assert done.status_code == 200, path
        page = Tags(re.sub(r'(id="data">).*?(</script>)', r"\1\2", done.text, flags=re.DOTALL))  # what scripts read
        assert "\u202e" not in page.text, f"{path} turns the text around it"
        for name, attributes in Tags(done.text).tags:
            assert not (name == "script" and "alert" in str(attributes)), path
            assert not [key for key in attributes if key.startswith("on")], (path, attributes)
        assert done.text.count("<script") <= 3, path
        assert "<b>" not in done.text.partition("<main")[2].replace("<b>What to do:</b>", ""), path


def test_two_servers_on_one_folder_lose_nothing(folder: Path) -> None:
    clients = []
    for number in range(2):
        session = Session(PORT + number)
        host = HOST.replace(str(PORT), str(PORT + number))
        one = TestClient(
            Guard(application(folder, trainer), session), base_url=f"http://{host}", follow_redirects=False
        )
        one.cookies.set(session.name, session.cookie)
        clients.append((one, {"origin": f"http://{host}"}))

    def correct(number: int) -> int:
        client, origin = clients[number % 2]
        form = {"split": "train", "row": str(number), "column": str(number % 3), "now": "unknown"}
        return client.post(f"{RUN}/corrections", data=form, headers=origin).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(correct, range(24))) == {303}
    (log,) = (folder / "studio").glob("corrections-*.jsonl")
    assert len({json.loads(line)["picture"] for line in log.read_text(encoding="utf-8").splitlines()}) == 24
    for left, (client, origin) in enumerate(clients):
        said = client.get(f"{RUN}/corrections.json").json()["verdict"]["sentence"]
        assert said.startswith(f"{24 - left} corrected tags"), "each sees what the other wrote"
        assert client.post(f"{RUN}/corrections/undo", headers=origin).status_code == 303


def test_scores_of_an_enemy_run_no_code(client: TestClient, folder: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (trap,)  # type: ignore[return-value]

    place = folder / "runs" / "mine" / "scores" / "validation.npz"
    held = dict(np.load(place, allow_pickle=False))
    held["scores"] = np.array([[Trap()]], dtype=object)
    np.savez(place, **held)
    for path in ("", "/validation/pictures", "/validation/thresholds"):
        assert client.get(f"{RUN}{path}.json").status_code == 400
    assert not trap.exists()
