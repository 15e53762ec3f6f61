"""What all rooms' tests share: the real models, loaded once for the whole run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import NoReturn

import httpx
import psutil
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from engine import paths
from engine.builtin_chat import BuiltinChat
from engine.embedding import Embedder
from engine.errors import ModelFileError
from engine.files import ModelStore

CHAT_FILE = "qwen2.5-coder-1.5b"
OLLAMA_MODEL = "recenter-test"
_MODELFILE = '''FROM {path}
TEMPLATE """{{{{- range .Messages }}}}<|im_start|>{{{{ .Role }}}}
{{{{ .Content }}}}<|im_end|>
{{{{ end }}}}<|im_start|>assistant
"""
PARAMETER stop "<|im_end|>"
'''

# Machines are noisy, and many a first call imports scipy: how long an example takes fails no test. In CI the
# same examples are taken each time: new ones are looked for where somebody can look at what they find.
hypothesis_settings.register_profile(
    "recenter",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
hypothesis_settings.load_profile("recenter")

# A shell that starts the tests in the background lets them, and all their children, ignore Ctrl+C; the tests
# of Ctrl+C need children that do not. A handler of our own is not inherited, so theirs is the default one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Taken before a test sets folders of its own: these are kept between runs.
_MODELS_DIR = paths.models_dir()
_OLLAMA_DIR = paths.cache_dir() / "tests" / "ollama-models"


@pytest.fixture(autouse=True)
def _away_from_the_users_files(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test reads the settings or the profiles of the person who runs it."""
    home = tmp_path_factory.mktemp("user")
    for name in [name for name in os.environ if name.startswith("RECENTER_") or name == "OLLAMA_HOST"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RECENTER_CONFIG_FILE", str(home / "config.toml"))
    monkeypatch.setenv("RECENTER_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("RECENTER_MODELS_DIR", str(_MODELS_DIR))


def _unavailable(reason: str) -> NoReturn:
    """Skips, except in CI, where what is missing is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def model_store() -> ModelStore:
    """A store that has every model file of the manifest, fetched by the product itself where absent."""
    store = ModelStore(_MODELS_DIR)
    try:
        for file in store.expand([]):
            store.fetch(file.name)
    except ModelFileError as error:
        _unavailable(f"a model file is not here and cannot be fetched: {error}")
    return store


@pytest.fixture(scope="session")
def minilm(model_store: ModelStore) -> Embedder:
    """The real embedding model."""
    from engine.minilm import MiniLM

    return MiniLM.from_store(model_store)


@pytest.fixture(scope="session")
def builtin_model(model_store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltinChat]:
    """The real built-in model; its process starts with the first request."""
    folder = tmp_path_factory.mktemp("builtin")
    chat = BuiltinChat(
        model_store.path(CHAT_FILE),
        name=CHAT_FILE,
        digest=model_store.find(CHAT_FILE).sha256,
        num_ctx=4096,
        timeout_s=300,
        log=folder / "engine.log",
        probe_cache=folder / "probes.json",
    )
    yield chat
    asyncio.run(chat.close())


@pytest.fixture(scope="session")
def ollama_host(model_store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Ollama with the model `recenter-test`, made from the built-in model's file."""
    binary = shutil.which("ollama")
    if binary is None:
        _unavailable("`ollama` is not on the PATH")
    folder = tmp_path_factory.mktemp("ollama")
    with _ollama_serving(binary, folder) as (address, environment):
        modelfile = folder / "Modelfile"
        modelfile.write_text(_MODELFILE.format(path=model_store.path(CHAT_FILE)))
        command = [binary, "create", OLLAMA_MODEL, "-f", str(modelfile)]
        made = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert made.returncode == 0, made.stderr
        yield address


@contextlib.contextmanager
def _ollama_serving(binary: str, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    _OLLAMA_DIR.mkdir(parents=True, exist_ok=True)
    address = f"http://127.0.0.1:{free_port()}"
    environment = {**os.environ, "OLLAMA_HOST": address, "OLLAMA_MODELS": str(_OLLAMA_DIR)}
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen([binary, "serve"], env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: server.poll() is not None or _answers(address), 60)
        assert server.poll() is None, (folder / "serve.log").read_text()
        yield address, environment
    finally:
        end_tree(server.pid)
        server.wait()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/version", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Returns once the condition holds; fails when it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Like `wait_for`, for what is asked over a connection."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 (another process's state sends no event)
            await asyncio.sleep(0.02)


def end_tree(pid: int) -> None:
    """Ends a process and its children (Ollama's runner outlives a killed server)."""
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        for process in psutil.wait_procs(family, timeout=10)[1]:
            process.kill()


@pytest.fixture
def profile_dir(tmp_path: Path) -> Path:
    """Where a profile can be made."""
    return tmp_path / "profiles" / "default"
