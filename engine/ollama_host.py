"""OLLAMA_HOST in all the forms that Ollama itself understands, as an address for a client."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

DEFAULT_PORT = 11434
FORMS = "host, host:port, :port or http(s)://host:port, for example 127.0.0.1:11434"

# What a server listens on with these, a client on the same machine reaches through loopback.
_ANY = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
_NAME = re.compile(r"[^\s/\\?#@\[\]:]+")


def parse_ollama_host(value: str) -> str:
    """The base address for a client, `http(s)://host:port[/path]`.

    Follows Ollama's own rules (envconfig.Host): quotes and white space are stripped, the port is 11434
    without a scheme, 80 for `http://` and 443 for `https://`; a path is kept. A server's "every address"
    (empty, 0.0.0.0, ::) becomes loopback. Raises ValueError, saying what would be right.
    """
    text = value.strip().strip("\"'").strip()
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = ("https", "ollama.com:443") if text == "ollama.com" else ("http", text)
    elif scheme.lower() not in ("http", "https"):
        raise ValueError(f"{scheme!r} is not http or https; write {FORMS}")
    scheme = scheme.lower()
    default_port = DEFAULT_PORT if not separator else {"http": 80, "https": 443}[scheme]
    location, slash, path = rest.partition("/")
    user, at, address = location.rpartition("@")
    host, port = _split(address, default_port)
    return f"{scheme}://{user}{at}{_bracketed(host)}:{port}{(slash + path).rstrip('/')}"


def _split(address: str, default_port: int) -> tuple[str, int]:
    """Host and port of `host`, `host:port`, `:port`, `[v6]`, `[v6]:port` or a bare v6 address."""
    host, port = address, ""
    if address.startswith("["):
        host, closed, after = address[1:].partition("]")
        if not closed or (after and not after.startswith(":")) or not _is_v6(host):
            raise ValueError(f"{address!r} is not an IPv6 address in brackets; write {FORMS}")
        port = after[1:]
    elif address.count(":") > 1:
        if not _is_v6(address):
            raise ValueError(f"{address!r} has more than one ':'; write {FORMS}")
    elif ":" in address:
        host, _, port = address.partition(":")
    host = _ANY.get(host, host)
    if not _NAME.fullmatch(host) and not _is_v6(host):
        raise ValueError(f"{host!r} is not a host name; write {FORMS}")
    if not port:
        return host, default_port
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise ValueError(f"the port {port!r} is not a number from 1 to 65535; write {FORMS}")
    return host, int(port)


def _is_v6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def is_loopback(address: str) -> bool:
    """Whether a base address is this machine: then no proxy of the environment may come in between."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
