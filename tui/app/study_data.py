"""What the study screens read and write besides trials. Blocking: called in threads."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from study.database import StudyDatabase
    from study.protocol import LoadedProtocol


@dataclass(frozen=True)
class StudyLine:
    """One study in the list."""

    id: str
    name: str
    question: str
    answered: int
    planned: int
    live: bool
    running: bool


def list_studies(study: StudyDatabase) -> list[StudyLine]:
    """Every study, the newest first."""
    from study.live_study import running
    from study.protocol import stored, studies

    now_running = running(study)
    lines = []
    for row in reversed(studies(study)):
        protocol = stored(row)
        live = protocol.prompts.source == "live"
        lines.append(
            StudyLine(
                id=row["study"],
                name=protocol.name,
                question=protocol.question,
                answered=_answered(study, row["study"]),
                planned=_planned(protocol),
                live=live,
                running=now_running is not None and now_running.study_id == row["study"],
            )
        )
    return lines


def _answered(study: StudyDatabase, study_id: str) -> int:
    return int(
        study.db.scalar(
            "SELECT count(DISTINCT c.trial_id) FROM trial t JOIN current_rating c ON c.trial_id = t.id "
            "WHERE t.study = ? AND t.kind <> 'repeat'",
            [study_id],
        )
        or 0
    )


def _planned(protocol: Any) -> int:
    count = protocol.trials.count if 3 in protocol.stages else 0
    count += protocol.judgments.attributes if 1 in protocol.stages else 0
    return int(count + (protocol.judgments.prompts if 2 in protocol.stages else 0))


@dataclass(frozen=True)
class Template:
    """A ready protocol."""

    name: str
    question: str
    count: int
    live: bool


def templates() -> list[Template]:
    """The protocols that come with the program."""
    from study.protocol import load_protocol, ready_names

    found = []
    for name in ready_names():
        protocol = load_protocol(name).protocol
        live = protocol.prompts.source == "live"
        found.append(Template(name, protocol.question, protocol.trials.count, live))
    return found


def make_protocol(template: str, question: str, count: int) -> LoadedProtocol:
    """A ready protocol with another question, another number of trials and a fresh seed.

    Raises ProtocolError.
    """
    from study.protocol import load_protocol, parse_protocol

    ready = load_protocol(template)
    quoted = question.replace("\\", "\\\\").replace('"', '\\"')
    text = re.sub(r'(?m)^question = ".*"$', lambda _: f'question = "{quoted}"', ready.toml, count=1)
    text = re.sub(r"(?m)^seed = \d+", f"seed = {secrets.randbelow(2**31 - 1)}", text, count=1)
    text = re.sub(r"(?m)^count = \d+", f"count = {count}", text, count=1)
    return parse_protocol(text, template, ready.folder)


def power_words(count: int, preference: float = 0.65) -> str:
    """What so many trials can show, before the first one."""
    from study.statistics.power import detectable, sentence

    # about 60% of pairs end in a decisive vote
    votes = round(count * 0.6)
    least = detectable(votes)
    words = sentence(preference)
    if least is not None:
        split = f"{round(least * 100)}:{round(100 - least * 100)}"
        words += f"; {count} pairs (about {votes} decisive votes) see {split}"
    return words


def report_text(study: StudyDatabase, study_id: str | None, width: int) -> str:
    """The report as plain text with its plots."""
    from study.loading import load_study
    from study.report import build_report, to_text

    return to_text(build_report(load_study(study, study_id=study_id)), width)


def save_html(study: StudyDatabase, study_id: str | None, folder: Path) -> Path:
    """The report as one HTML file beside the study file."""
    from study.loading import load_study
    from study.report import build_report, to_html

    path = folder / f"report-{study_id or 'all'}.html"
    path.write_text(to_html(build_report(load_study(study, study_id=study_id))), encoding="utf-8")
    path.chmod(0o600)
    return path
