"""Address: where a server listens, and the token that it may want."""

from __future__ import annotations

import ipaddress
import socket

from tagfit.errors import InputError
from tagfit.listening import listening as listening_at

LEAST_TOKEN = 16  # characters


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address.

    Raises:
        InputError: it is no address.
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        instead = "an IP address of this machine, such as 127.0.0.1, 0.0.0.0 or ::"
        raise InputError(f"--host {host}", instead=instead) from None


def check_token(token: str) -> None:
    """Refuse a token that is short, or that a header cannot carry.

    Raises:
        InputError: with the reason.
    """
    if len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            f"--token {token}", instead=f"at least {LEAST_TOKEN} ASCII letters, digits and signs, without spaces"
        )


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on an address of this machine, on any free port for 0.

    Raises:
        InputError: the address is not of this machine, or the port is taken.
    """
    address = "127.0.0.1" if host == "localhost" else host
    return listening_at(address, port, f"--host {host} --port {port}")
