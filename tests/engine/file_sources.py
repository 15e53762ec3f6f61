"""Sources of model files under a test's control: an HTTP server with faults, and packages in a folder."""

from __future__ import annotations

import hashlib
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from engine.manifest import ModelFile, PackagePart, Source


@dataclass
class Served:
    """What one path of the server does. `cut_after` breaks the connection after that many bytes, once."""

    body: bytes
    status: int = 200
    ranges: bool = True
    cut_after: int | None = None
    pause_s: float = 0.0
    requests: list[str] = field(default_factory=list)  # the Range headers, "" for none


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        served: Served | None = self.server.paths.get(self.path)  # type: ignore[attr-defined]
        wanted = self.headers.get("Range", "")
        if served is not None:
            served.requests.append(wanted)
        if served is None or served.status != 200:
            self.send_response(404 if served is None else served.status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and served.ranges else 0
        body = served.body[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(served.body) - 1}/{len(served.body)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if served.cut_after is not None:
            self.wfile.write(body[: served.cut_after])
            served.cut_after = None
            self.close_connection = True
            return
        for begin in range(0, len(body), 4096):
            self.wfile.write(body[begin : begin + 4096])
            if served.pause_s:
                time.sleep(served.pause_s)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is part of the tests."""


@dataclass
class FileServer:
    """A running server; `paths` may be changed at any time."""

    address: str
    paths: dict[str, Served]

    def serve(self, path: str, body: bytes, **behaviour: object) -> Served:
        self.paths[path] = Served(body, **behaviour)  # type: ignore[arg-type]
        return self.paths[path]

    def source(self, path: str) -> Source:
        return Source(url=self.address + path)


@contextmanager
def file_server() -> Iterator[FileServer]:
    """A server on a free loopback port, stopped at the end."""
    server = _Server(("127.0.0.1", 0), _Handler)
    paths: dict[str, Served] = {}
    server.paths = paths  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield FileServer(f"http://127.0.0.1:{server.server_address[1]}", paths)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def model_file(body: bytes, *sources: Source, name: str = "test-model") -> ModelFile:
    """A manifest's entry for these bytes."""
    digest = hashlib.sha256(body).hexdigest()
    return ModelFile(name, "chat", "A test", f"{name}.bin", len(body), digest, "MIT", "testing", sources)


def package(folder: Path, name: str, member: str, body: bytes) -> PackagePart:
    """A wheel in a folder that `pip --find-links` reads, with one data file."""
    module = name.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{module}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{module}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{module}/{member}", body)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return PackagePart(f"{name}==1.0", member)
