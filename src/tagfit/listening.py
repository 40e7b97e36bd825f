"""Listening: a socket on an address of this machine, for the studio and the server."""

from __future__ import annotations

import ipaddress
import socket

from tagfit.errors import InputError

BACKLOG = 512


def listening(address: str, port: int, asked: str) -> socket.socket:
    """A socket that listens, on any free port for 0.

    Args:
        address: an IPv4 or IPv6 address of this machine.
        port: from 0 to 65535.
        asked: what an error calls it, in the user's words.

    Raises:
        InputError: the address is not of this machine, or the port is taken.
    """
    family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
    # asyncio sets TCP_NODELAY only with the protocol named; without, the body of an answer waits 40 ms for an ACK.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((address, port))
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        raise InputError(f"{asked}: {error.strerror}", instead="another port, or 0 for any free one") from None
    return found
