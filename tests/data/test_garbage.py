"""The collector of garbage is left as it was."""

from __future__ import annotations

import gc

import pytest

from tagfit.data.readers.garbage import collector_paused


def fails() -> None:
    with collector_paused():
        assert not gc.isenabled()
        raise KeyError


def test_the_collector_is_paused_and_left_as_it_was() -> None:
    with pytest.raises(KeyError):
        fails()
    assert gc.isenabled()
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
