"""Bringing in the past from other programs. Front door: `import_file`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from memory.errors import ImportProblem
from memory.importing.attributes import is_attribute, write_attributes
from memory.importing.files import Transcript, read_records
from memory.importing.formats import reader_of
from memory.importing.markdown import markdown
from memory.importing.records import Broken, BrokenRecord, ImportedConversation, ImportReport
from memory.importing.writing import write_conversation
from memory.profile import Profile

__all__ = ["Broken", "ImportReport", "import_file"]

Progress = Callable[[int, int], None]


def import_file(profile: Profile, path: Path, progress: Progress | None = None) -> ImportReport:
    """Imports every conversation of a file; once more does nothing.

    ChatGPT's and Claude's exports (zip or conversations.json), Open WebUI's, JSONL, Markdown transcripts and
    this program's own exports are told apart by what is in them. Each conversation is one transaction; a
    broken record is reported and the others go on. `progress(done, total)` is called after each record.
    Raises ImportProblem when the file as a whole cannot be read or holds nothing of all that.
    """
    records = read_records(path)
    report = ImportReport()
    understood = 0
    attributes: list[tuple[str, object]] = []
    for done, (where, record) in enumerate(records, 1):
        if is_attribute(record):
            attributes.append((where, record))
            understood += 1
        elif isinstance(record, Broken):
            report.broken.append(record)
        elif not (isinstance(record, dict) and str(record.get("type", "")).startswith("recenter")):
            try:
                found = _read(record)
            except BrokenRecord as error:
                report.broken.append(Broken(where, str(error)))
            else:
                understood += 1
                write_conversation(profile, found, report)
        if progress is not None:
            progress(done, len(records))
    write_attributes(profile, attributes, report)  # after the messages that they quote
    if report.broken and not understood:
        first = report.broken[0]
        raise ImportProblem(
            f"Nothing in {path.name} could be imported: {first.where}: {first.why}.", "See docs/formats.md."
        )
    return report


def _read(record: object) -> ImportedConversation:
    if isinstance(record, Transcript):
        return markdown(record.text, record.name)
    reader = reader_of(record)
    if reader is None:
        raise BrokenRecord("no conversation in a known format")
    try:
        return reader(record)  # type: ignore[arg-type]
    except RecursionError:
        raise BrokenRecord("it is nested too deeply") from None
