"""Pages: what there is, and the OpenAPI document, as HTML that needs no network and no script."""

from __future__ import annotations

from typing import Any

import tagfit
from tagfit.report.page import environment
from tagfit.server.limits import Limits
from tagfit.server.served import Served


def start(served: Served, limits: Limits) -> str:
    """The page of ``/``."""
    return _rendered("start.html", model=served.model, name=served.name, limits=limits)


def docs(document: dict[str, Any]) -> str:
    """The page of ``/docs``: an OpenAPI document to read."""
    operations = [
        {"path": path, "method": method.upper(), "about": item[method]}
        for path, item in document["paths"].items()
        for method in ("get", "post")
        if method in item
    ]
    return _rendered("docs.html", document=document, operations=operations)


def _rendered(template: str, **values: Any) -> str:
    found = environment("tagfit.server").get_template(f"server/{template}")
    return found.render(version=tagfit.__version__, **values)
