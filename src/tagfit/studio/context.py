"""Context: what all requests of a studio share."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

from tagfit.studio.desk import Desk
from tagfit.studio.work import Work
from tagfit.studio.workspace import Workspace

PATIENCE, PATIENCE_OF_DATA = 0.7, 120.0  # seconds: of a page, and of what a page or a script asks for


@dataclass
class Studio:
    """What all requests share.

    Attributes:
        workspace: the folder.
        work: results that take long.
        agreed: the runs whose test split may be shown.
    """

    workspace: Workspace
    work: Work = field(default_factory=Work)
    agreed: set[str] = field(default_factory=set)

    def desk(self, request: Request, key: str | None = None, patience: float | None = None) -> Desk:
        """The run that a request is about."""
        if patience is None:
            patience = PATIENCE_OF_DATA if request.scope.get("as_json") else PATIENCE
        name = request.path_params["key"] if key is None else key
        return Desk(self.workspace, self.work, name, patience, self.agreed)
