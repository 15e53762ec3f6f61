"""A study's plan, fixed before its first trial: TOML in, checked, hashed, numbered when it changes."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from memory.database import new_id, now
from study.allocation import SIZES
from study.database import Row, StudyDatabase
from study.errors import ProtocolError
from study.sealing import canonical, sha256
from study.toml_lines import line_of

READY = Path(__file__).parent / "protocols"
FORMAT = 1


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ArmPlan(_Strict):
    """One of the two conditions. What is not given is as the settings say when the study starts."""

    memory: bool = Field(description="whether attributes are selected and used")
    model: str | None = Field(default=None, description="a chat model's name, when the arms differ in it")
    selector: str | None = Field(default=None, description="a selector's name, when the arms differ in it")
    prompt: str | None = Field(default=None, description="a template with {prompt} and {notes}")
    max_attributes: Annotated[int, Field(ge=1, le=50)] | None = Field(
        default=None, description="attribute limit"
    )
    threshold: float | None = Field(default=None, description="the selector's threshold")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        used = (self.selector, self.prompt, self.max_attributes, self.threshold)
        if not self.memory and any(value is not None for value in used):
            raise ValueError("an arm without memory has no selector, prompt, max_attributes or threshold")
        if self.prompt is not None and not ("{prompt}" in self.prompt and "{notes}" in self.prompt):
            raise ValueError("the template must contain {prompt} and {notes}")
        return self


class Prompts(_Strict):
    """Where the prompts come from."""

    source: Literal["live", "past", "file"] = "live"
    path: str | None = None
    sha256: str | None = Field(
        default=None, description="of the file; filled in when the study is registered"
    )
    imported: bool = True
    context: bool = Field(default=True, description="whether the messages before the prompt are sent too")
    min_words: Annotated[int, Field(ge=1)] = 3
    max_words: Annotated[int, Field(ge=1)] = 300

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.source == "file") != (self.path is not None):
            raise ValueError('source = "file" needs a path, and only it has one')
        if self.min_words > self.max_words:
            raise ValueError("min_words is greater than max_words")
        return self


class Trials(_Strict):
    """How many pairs, in what order, and when to stop."""

    count: Annotated[int, Field(ge=0, le=10_000)] = 60
    stop: Literal["count", "sequential"] = "count"
    block_sizes: tuple[Annotated[int, Field(ge=2, le=20)], ...] = SIZES
    repeats: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    repeat_after_hours: Annotated[float, Field(ge=0)] = 24
    session_length: Annotated[int, Field(ge=1, le=500)] = 20

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.block_sizes or any(size % 2 for size in self.block_sizes):
            raise ValueError("block_sizes must be even numbers")
        return self


class Judgments(_Strict):
    """Stages 1 and 2: how many attributes and prompts are judged."""

    attributes: Annotated[int, Field(ge=0, le=5000)] = 0
    prompts: Annotated[int, Field(ge=0, le=5000)] = 0
    asked_per_prompt: Annotated[int, Field(ge=0, le=50)] = 3
    audits_per_prompt: Annotated[int, Field(ge=0, le=50)] = 2


class Analysis(_Strict):
    """What the study is meant to be able to see."""

    preference: Annotated[float, Field(gt=0.5, lt=1)] = 0.65
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    power: Annotated[float, Field(gt=0.5, lt=1)] = 0.8


class Protocol(_Strict):
    """The whole plan. `under_test` is the arm that 5 on the scale stands for."""

    format: Literal[1] = 1
    name: Annotated[str, Field(min_length=1, max_length=80)]
    question: Annotated[str, Field(min_length=1)]
    stages: Annotated[tuple[Literal[1, 2, 3], ...], Field(min_length=1)] = (3,)
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    under_test: str = "personalized"
    arms: dict[str, ArmPlan] = Field(
        default_factory=lambda: {"generic": ArmPlan(memory=False), "personalized": ArmPlan(memory=True)}
    )
    prompts: Prompts = Prompts()
    trials: Trials = Trials()
    judgments: Judgments = Judgments()
    analysis: Analysis = Analysis()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.arms) != 2:
            raise ValueError(f"a study compares exactly two arms, not {len(self.arms)}")
        if self.under_test not in self.arms:
            raise ValueError(f"under_test names no arm; there are {', '.join(sorted(self.arms))}")
        first, second = self.arms.values()
        if first == second:
            raise ValueError("both arms are the same; they must differ in something")
        if 1 in self.stages and not self.judgments.attributes:
            raise ValueError("stage 1 needs judgments.attributes above 0")
        if 2 in self.stages and not self.judgments.prompts:
            raise ValueError("stage 2 needs judgments.prompts above 0")
        if 3 in self.stages and self.trials.count < 2:
            raise ValueError("stage 3 needs trials.count of at least 2")
        live_only = self.prompts.source == "live" and self.arms != Protocol.model_fields["arms"].get_default(
            call_default_factory=True
        )
        if live_only:
            raise ValueError(
                'other arms than generic (without memory) and personalized need the source "past" or "file"'
            )
        return self

    @property
    def reference(self) -> str:
        """The arm that the one under test is compared with."""
        return next(name for name in self.arms if name != self.under_test)

    @property
    def conditions(self) -> tuple[str, str]:
        """Reference first: this is condition 0 and 1 of the allocation."""
        return self.reference, self.under_test

    def canonical(self) -> str:
        """The plan as canonical JSON: same plan, same text, whatever the file looks like."""
        return canonical(self.model_dump(mode="json"))

    def hash(self) -> str:
        """SHA-256 of the canonical JSON."""
        return sha256(self.canonical())


@dataclass(frozen=True)
class LoadedProtocol:
    """A checked protocol with the text it came from; `folder` is where its relative paths start."""

    protocol: Protocol
    toml: str
    folder: Path


def parse_protocol(text: str, where: str = "protocol", folder: Path | None = None) -> LoadedProtocol:
    """Raises ProtocolError naming the key and line of everything that is wrong."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{where} is not valid TOML: {error}.") from error
    try:
        protocol = Protocol.model_validate(raw)
    except ValidationError as error:
        problems = [_explain(text, problem, raw) for problem in error.errors()]
        raise ProtocolError(f"{where}: " + "; ".join(problems) + ".") from None
    return LoadedProtocol(protocol, text, folder or Path.cwd())


def load_protocol(path: Path | str) -> LoadedProtocol:
    """A protocol file, or a ready one by name. Raises ProtocolError."""
    path = Path(path)
    ready = READY / f"{path.name}.toml"
    if not path.exists() and str(path) == path.name and ready.exists():
        path = ready
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolError(
            f"The protocol {path} cannot be read ({error}).", f"Ready ones: {', '.join(ready_names())}."
        ) from error
    return parse_protocol(text, path.name, path.resolve().parent)


def ready_names() -> list[str]:
    """The protocols that come with the program."""
    return sorted(path.stem for path in READY.glob("*.toml"))


def _explain(text: str, problem: Mapping[str, Any], raw: Mapping[str, Any]) -> str:
    path = [part for part in problem["loc"] if part != "[key]"]
    line = line_of(text, path)
    key = ".".join(str(part) for part in path) or "the protocol"
    place = f"line {line}, {key}" if line else key
    kind = str(problem["type"])
    if kind == "missing":
        return f"{place}: this key is missing"
    if kind == "extra_forbidden":
        return f"{place}: there is no such key"
    message = str(problem["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    found = problem.get("input")
    shown = "" if isinstance(found, dict | BaseModel) or kind == "value_error" else f" (found {found!r})"
    return f"{place}: {message}{shown}"


# registering


def register(study: StudyDatabase, loaded: LoadedProtocol) -> Row:
    """Records the protocol and its hash, before any trial; returns its row (`study` is the study's id)."""
    protocol = _resolved(loaded)
    study_id = new_id()
    with study.transaction():
        study.append("protocol", _row(study_id, study_id, protocol, loaded.toml, 0, "", None))
    return current(study, study_id)


def amend(study: StudyDatabase, study_id: str, loaded: LoadedProtocol, why: str) -> Row:
    """Records a later change with the next number; trials say which version they were made under.

    What the order and the data so far hang on may not change: seed, arms' names, block sizes, repeats.
    Raises ProtocolError, also when nothing changed or no reason is given.
    """
    before = current(study, study_id)
    old = stored(before)
    protocol = _resolved(loaded)
    if not why.strip():
        raise ProtocolError("An amendment needs a reason.", "Give it with --why.")
    if protocol.hash() == before["hash"]:
        raise ProtocolError("The protocol is the same as the one in force; nothing was recorded.")
    if _fixed(protocol) != _fixed(old):
        raise ProtocolError(
            "An amendment cannot change the seed, the arms' names, the block sizes or the repeats.",
            "Start a new study.",
        )
    number = int(before["amendment"]) + 1
    with study.transaction():
        study.append(
            "protocol", _row(new_id(), study_id, protocol, loaded.toml, number, why.strip(), before["id"])
        )
    return current(study, study_id)


def _fixed(protocol: Protocol) -> tuple[Any, ...]:
    trials = protocol.trials
    return protocol.seed, protocol.under_test, set(protocol.arms), trials.block_sizes, trials.repeats


def _row(
    row_id: str,
    study_id: str,
    protocol: Protocol,
    toml: str,
    amendment: int,
    why: str,
    supersedes: str | None,
) -> dict[str, Any]:
    return {
        "id": row_id,
        "study": study_id,
        "name": protocol.name,
        "amendment": amendment,
        "hash": protocol.hash(),
        "canonical": protocol.canonical(),
        "toml": toml,
        "why": why,
        "supersedes": supersedes,
        "created_at": now(),
    }


def _resolved(loaded: LoadedProtocol) -> Protocol:
    """The protocol with its prompt file's hash in it."""
    protocol = loaded.protocol
    if protocol.prompts.path is None:
        return protocol
    path = loaded.folder / protocol.prompts.path
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ProtocolError(f"prompts.path: {path} cannot be read ({error}).") from error
    if protocol.prompts.sha256 not in (None, digest):
        raise ProtocolError(f"prompts.sha256 is not that of {path.name}: the file has changed.")
    prompts = protocol.prompts.model_copy(update={"sha256": digest})
    return protocol.model_copy(update={"prompts": prompts})


def stored(row: Mapping[str, Any]) -> Protocol:
    """The protocol of a row, from its canonical JSON."""
    return Protocol.model_validate_json(row["canonical"])


def studies(study: StudyDatabase) -> list[Row]:
    """The protocol in force of every study, oldest first."""
    return study.rows("SELECT * FROM current_protocol ORDER BY study")


def current(study: StudyDatabase, study_id: str) -> Row:
    """The protocol in force of one study. Raises ProtocolError."""
    row = study.one("SELECT * FROM current_protocol WHERE study = ?", [study_id])
    if row is None:
        raise ProtocolError(f"There is no study {study_id}.", "`recenter study list` shows them.")
    return row


def find_study(study: StudyDatabase, prefix: str | None) -> str:
    """A study's id from the beginning of it, from its name, or the newest one. Raises ProtocolError."""
    known = studies(study)
    if prefix is None and known:
        return str(known[-1]["study"])
    wanted = prefix or ""
    found = [row["study"] for row in known if row["study"].startswith(wanted) or row["name"] == wanted]
    if not found:
        raise ProtocolError(
            f"There is no study {wanted}." if wanted else "There is no study yet.",
            "`recenter study new` makes one.",
        )
    if len(set(found)) > 1:
        raise ProtocolError(f"More than one study is called {wanted}.", "Give more of its id.")
    return str(found[0])
