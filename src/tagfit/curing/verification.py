"""Verification: what a check of a certificate found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tagfit.curing.certificate import NO_SIGNATURE


@dataclass(frozen=True)
class Check:
    """One thing that was compared with the certificate.

    Attributes:
        what: was compared.
        altered: what is not as certified, one sentence each; empty where all is.
        said: a remark for where nothing was altered.
    """

    what: str
    altered: tuple[str, ...] = ()
    said: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"what": self.what, "holds": not self.altered, "altered": list(self.altered), "said": self.said}


@dataclass(frozen=True)
class Verification:
    """All that was compared with a certificate.

    Attributes:
        checks: in the order in which they were made.
        same_machine: whether weights were scored on the machine, and by the libraries, that the cure ran on.
    """

    checks: tuple[Check, ...]
    same_machine: bool

    @property
    def holds(self) -> bool:
        """Whether nothing was altered."""
        return not self.altered

    @property
    def altered(self) -> tuple[str, ...]:
        """Everything that is not as certified."""
        return tuple(one for check in self.checks for one in check.altered)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        checks = [check.to_dict() for check in self.checks]
        return {"holds": self.holds, "same_machine": self.same_machine, "checks": checks, "note": NO_SIGNATURE}
