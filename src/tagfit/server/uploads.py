"""Uploads: the body of a request, and the pictures in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from tagfit.server.limits import Counted, Limits, RefusedError

Picture = tuple[str, bytes]  # its name, and the bytes of its file
MULTIPART = "multipart/form-data"
MOST_FIELDS = 100


class _InMemory(MultiPartParser):
    """Parts stay in memory: the whole request is, and a container may have no disk to write to."""

    spool_max_size = 2**62


async def body_of(request: Request, limits: Limits, counted: Counted) -> bytes:
    """The body of a request.

    Raises:
        RefusedError: it is too large (413), does not arrive in time (408), or the server holds too much (503).
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.request_bytes:
        raise _too_large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                if len(body) + len(chunk) > limits.request_bytes:
                    raise _too_large(limits)
                counted.add(len(chunk))
                body += chunk
    except TimeoutError:
        raise RefusedError(408, f"the request did not arrive within {limits.body_seconds:g} s") from None
    return bytes(body)


async def pictures_in(request: Request, body: bytes, limits: Limits) -> list[Picture]:
    """The pictures of a request: its body is one, or a form has one or many.

    Raises:
        RefusedError: a form that cannot be read (400), one without a picture (422) or with too many (413).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == MULTIPART:
        found = await _parts(request, body, limits)
    else:  # of any type: curl calls every body a form
        found = [("picture", body)]
    if not found:
        raise RefusedError(422, "the form has no picture: a part with a file name")
    return found


async def _parts(request: Request, body: bytes, limits: Limits) -> list[Picture]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = _InMemory(request.headers, stream(), max_files=limits.pictures, max_fields=MOST_FIELDS)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        # The parser names its own limit of files only in its text.
        if error.message.startswith("Too many files"):
            raise too_many(limits) from None
        raise RefusedError(400, f"the form cannot be read: {error.message}") from None
    found = []
    for place, (_, part) in enumerate(form.multi_items(), start=1):
        if isinstance(part, UploadFile):
            found.append((part.filename or f"picture {place}", await part.read()))
            await part.close()
    return found


def too_many(limits: Limits) -> RefusedError:
    """The refusal of a request with more pictures than are taken."""
    return RefusedError(413, f"at most {limits.pictures} pictures a request")


def _too_large(limits: Limits) -> RefusedError:
    return RefusedError(413, f"the request is larger than {limits.request_bytes:,} bytes")
