"""OLLAMA_HOST in every form that Ollama takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ollama_host import is_loopback, parse_ollama_host


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("example.com", "http://example.com:11434"),
        ("example.com:1234", "http://example.com:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("http://example.com", "http://example.com:80"),
        ("https://example.com", "https://example.com:443"),
        ("HTTPS://example.com:8443/ollama/", "https://example.com:8443/ollama"),
        ("example.com/path", "http://example.com:11434/path"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("http://0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:1337", "http://[::1]:1337"),
        ("::1", "http://[::1]:11434"),
        ("[::]:11434", "http://[::1]:11434"),
        (' "example.com:1" ', "http://example.com:1"),
        ("'localhost'", "http://localhost:11434"),
        ("ollama.com", "https://ollama.com:443"),
        ("http://user:word@gpu.lan:11434", "http://user:word@gpu.lan:11434"),
        ("my_host:11434", "http://my_host:11434"),
    ],
)
def test_forms(value: str, address: str) -> None:
    assert parse_ollama_host(value) == address


@pytest.mark.parametrize(
    "value", ["ftp://x", "a:b:c", "x:0", "x:65536", "x:port", "two words", "[::1", "[::1]x", "x:١"]
)
def test_what_is_wrong_says_what_would_be_right(value: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        parse_ollama_host(value)


hosts = st.one_of(
    st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{2,5})?", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda ip: f"[{ip}]"),
)


@given(host=hosts, port=st.integers(1, 65535), scheme=st.sampled_from(["", "http://", "https://"]))
def test_an_address_stays_itself_and_parsing_twice_changes_nothing(host: str, port: int, scheme: str) -> None:
    address = parse_ollama_host(f"{scheme}{host}:{port}")
    assert address.endswith(f":{port}")
    assert address.startswith(scheme or "http://")
    assert parse_ollama_host(address) == address


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        address = parse_ollama_host(text)
    except ValueError:
        return
    assert address.startswith(("http://", "https://"))
    assert parse_ollama_host(address) == address


def test_loopback_addresses_are_known() -> None:
    assert is_loopback("http://127.0.0.1:11434")
    assert is_loopback("http://[::1]:11434")
    assert is_loopback("http://localhost:1")
    assert not is_loopback("http://192.168.1.5:11434")
    assert not is_loopback("https://ollama.com:443")
