"""Which engine answers: what the settings say, else an Ollama with a chat model, else the built-in model."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine import paths
from engine.chat import ChatModel, ChatOptions
from engine.errors import EngineError, ModelMissing, ServerUnreachable

if TYPE_CHECKING:
    from engine.builtin_chat import BuiltinChat
    from engine.embedding import Embedder
    from engine.files import FileStatus, ModelStore
    from engine.ollama_models import OllamaModel, PullSuggestion
    from engine.settings import Settings

PROBE_CACHE = "probes.json"
BUILTIN_LOG = "builtin-engine.log"


@dataclass(frozen=True)
class EngineSurvey:
    """What could answer on this machine, for the first-run screen and `recenter doctor`.

    `choice` is what `open_chat_model` would take ("" when nothing can answer yet) and `reason` says why.
    """

    ollama_host: str
    ollama_version: str | None  # None: it does not answer, `ollama_error` says why
    ollama_error: str
    ollama_models: list[OllamaModel] = field(default_factory=list)
    builtin_models: list[FileStatus] = field(default_factory=list)
    choice: str = ""
    reason: str = ""
    download: FileStatus | None = None  # the file to fetch before the built-in model can answer
    pull: PullSuggestion | None = None  # what to offer for an Ollama that answers and has no chat model

    @property
    def ollama_chat_models(self) -> list[OllamaModel]:
        """Ollama's models that can chat (an embedding model cannot)."""
        return [model for model in self.ollama_models if model.chat]

    @property
    def download_bytes(self) -> int:
        """How much is still to come for `download`."""
        return self.download.file.size - self.download.bytes_here if self.download else 0


async def survey(settings: Settings, *, store: ModelStore | None = None) -> EngineSurvey:
    """Looks at Ollama and at the model files; loads no model and never raises for a missing engine."""
    from engine.files import ModelStore
    from engine.ollama_models import list_models, suggest_pull

    files = store or ModelStore(settings.models_dir)
    statuses = await asyncio.to_thread(files.status)
    builtin = [status for status in statuses if status.file.group in ("chat", "added")]
    version: str | None = None
    error = ""
    models: list[OllamaModel] = []
    try:
        version, models = await list_models(settings.ollama_host)
    except EngineError as failure:
        error = failure.message
    offer = suggest_pull() if version and not any(model.chat for model in models) else None
    found = EngineSurvey(settings.ollama_host, version, error, models, builtin, pull=offer)
    return _decide(settings, found)


def _decide(settings: Settings, found: EngineSurvey) -> EngineSurvey:
    """Fills in choice, reason and download."""
    named = settings.chat_model
    file = _builtin_status(found, named)
    if settings.engine != "builtin":
        model = _ollama_model(found, named)
        why = "the settings say so" if settings.engine == "ollama" or named else "Ollama answers and has it"
        if model is not None and (settings.engine == "ollama" or named is None or file is None):
            return replace(found, choice=f"ollama:{model.name}", reason=why)
        if settings.engine == "ollama":
            return replace(found, reason=_why_not_ollama(found, named))
    if file is None:
        return replace(found, reason=f'no engine has a model called "{named}"')
    if file.state == "present":
        why = "the settings say so" if settings.engine == "builtin" or named else _why_not_ollama(found, None)
        return replace(found, choice=f"builtin:{file.file.name}", reason=why)
    return replace(found, reason=f"the model file {file.file.name} is not here yet", download=file)


def _builtin_status(found: EngineSurvey, named: str | None) -> FileStatus | None:
    """The file that the built-in engine would load: the one named, else one that is here, else the first."""
    if named is not None:
        return next((status for status in found.builtin_models if status.file.name == named), None)
    here = [status for status in found.builtin_models if status.state == "present"]
    return next(iter(here or found.builtin_models), None)


def _ollama_model(found: EngineSurvey, named: str | None) -> OllamaModel | None:
    if named is None:
        # a model in Ollama's cloud is only used by its name: nothing leaves the machine unasked
        return next((model for model in found.ollama_chat_models if not model.remote), None)
    return next((model for model in found.ollama_models if model.is_called(named)), None)


def _why_not_ollama(found: EngineSurvey, named: str | None) -> str:
    if found.ollama_version is None:
        return f"no Ollama answers at {found.ollama_host}"
    if named is not None:
        return f'the Ollama at {found.ollama_host} has no model "{named}"'
    return f"the Ollama at {found.ollama_host} has no chat model"


async def open_chat_model(
    settings: Settings, *, store: ModelStore | None = None, prefer: str | None = None
) -> ChatModel:
    """The chat model in force; `prefer` names another one ("ollama:NAME", "builtin:NAME" or a name alone).

    Nothing is loaded yet. Raises ModelMissing (with what fetches it) or ServerUnreachable.
    """
    from engine.files import ModelStore

    if prefer:
        engine, colon, name = prefer.partition(":")
        known = bool(colon) and engine in ("ollama", "builtin")
        changed = {"engine": engine, "chat_model": name or None} if known else {"chat_model": prefer}
        settings = settings.model_copy(update=changed)
    files = store or ModelStore(settings.models_dir)
    found = await survey(settings, store=files)
    engine, _, name = found.choice.partition(":")
    if engine == "ollama":
        return await _open_ollama(settings, name)
    if engine == "builtin":
        return await asyncio.to_thread(_open_builtin, settings, files, name)
    raise _nothing_answers(settings, found)


def _nothing_answers(settings: Settings, found: EngineSurvey) -> EngineError:
    if settings.engine == "ollama" and found.ollama_version is None:
        return ServerUnreachable(
            f"No Ollama answers at {found.ollama_host} ({found.ollama_error}).",
            'Start it with `ollama serve`, set OLLAMA_HOST, or use the built-in model: engine = "builtin".',
        )
    if found.download is not None:
        file = found.download.file
        return ModelMissing(
            f"No chat model is here: {found.reason} ({found.download_bytes / 1e6:,.0f} MB to fetch).",
            f"Fetch it with `recenter models fetch {file.name}`, or start an Ollama that has a chat model.",
        )
    pull = f"ollama pull {settings.chat_model or (found.pull.name if found.pull else 'NAME')}"
    return ModelMissing(
        f"No chat model answers: {found.reason}.",
        f"`{pull}` gets one for Ollama; `recenter models` lists what the built-in engine has.",
    )


def chat_options(settings: Settings) -> ChatOptions:
    """The sampling options that the settings name."""
    return ChatOptions(
        seed=settings.seed,
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_tokens=settings.max_tokens,
        num_ctx=settings.num_ctx,
    )


async def _open_ollama(settings: Settings, name: str) -> ChatModel:
    from engine.ollama_chat import OllamaChat

    return await OllamaChat.open(
        settings.ollama_host,
        name,
        num_ctx=settings.num_ctx,
        timeout_s=settings.timeout_s,
        threads=settings.threads,
        defaults=chat_options(settings),
        probe_cache=paths.cache_dir() / PROBE_CACHE,
    )


def _open_builtin(settings: Settings, store: ModelStore, name: str) -> BuiltinChat:
    from engine.builtin_chat import BuiltinChat

    return BuiltinChat(
        store.path(name),
        name=name,
        digest=store.find(name).sha256,
        num_ctx=settings.num_ctx,
        threads=settings.threads,
        timeout_s=settings.timeout_s,
        defaults=chat_options(settings),
        log=paths.cache_dir() / BUILTIN_LOG,
        probe_cache=paths.cache_dir() / PROBE_CACHE,
    )


def open_embedder(settings: Settings, store: ModelStore | None = None) -> Embedder:
    """The embedder that the settings name. Raises ModelMissing or ServerUnreachable."""
    from engine.files import ModelStore

    kind, _, name = settings.embedder.partition(":")
    if kind == "ollama":
        from engine.ollama_embed import OllamaEmbedder

        return OllamaEmbedder(settings.ollama_host, name, timeout_s=settings.timeout_s)
    from engine.minilm import MiniLM

    return MiniLM.from_store(store or ModelStore(settings.models_dir))
