"""What the memory screens read: pages of attributes, everything about one. Blocking: called in threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from textual.content import Content

from tui.app.text import tr

if TYPE_CHECKING:
    from engine.embedding import Embedder
    from memory.attributes import Attribute, Change
    from memory.conversations import Message
    from memory.profile import Profile
    from memory.selections import Selection

PAGE = 200
SHOWN = 50  # finds by meaning; later ones mean less and less
CONTEXT = 240  # characters of the message shown on each side of a quote
STATUSES = ("", "proposed", "accepted", "rejected", "superseded")
SORTS = ("created", "updated", "oldest", "text", "category")
MARKS = {"proposed": "?", "accepted": "✓", "rejected": "✗", "superseded": "↷"}
STYLES = {
    "proposed": "$warning",
    "accepted": "$success",
    "rejected": "$error",
    "superseded": "$foreground 50%",
}


@dataclass(frozen=True)
class Query:
    """What is asked of the table."""

    status: str = ""
    category: str = ""
    search: str = ""
    meaning: bool = False
    sort: str = "created"
    conversation_id: str | None = None
    conversation: str = ""  # its title
    since: str | None = None  # stamps of the stores
    until: str | None = None
    days: str = ""  # the two in words

    def change(self, **values: Any) -> Query:
        return replace(self, **values)


@dataclass(frozen=True)
class Place:
    """One quote in its message."""

    title: str
    created_at: str
    before: str
    quote: str
    after: str
    conversation_id: str


@dataclass(frozen=True)
class Use:
    """One prompt for which the attribute was used."""

    selection_id: str
    prompt: str
    score: float
    created_at: str
    rating: str = ""


@dataclass(frozen=True)
class Detail:
    """Everything about one attribute."""

    attribute: Attribute
    places: Sequence[Place]
    uses: Sequence[Use]
    history: Sequence[Change]


def read_page(
    profile: Profile, query: Query, offset: int, embedder: Embedder | None = None
) -> list[Attribute]:
    """The next attributes of a query. A search by meaning has one page, best first."""
    store = profile.attributes
    if query.meaning and query.search and embedder is not None:
        return _by_meaning(profile, query, embedder) if offset == 0 else []
    return store.list(
        status=query.status or None,
        category=query.category or None,
        search=query.search or None,
        conversation_id=query.conversation_id,
        since=query.since,
        until=query.until,
        sort=query.sort,
        limit=PAGE,
        offset=offset,
    )


def _by_meaning(profile: Profile, query: Query, embedder: Embedder) -> list[Attribute]:
    """Words and meaning together, best first, within the rest of the query."""
    from memory.search import search

    statuses = (query.status,) if query.status else STATUSES[1:]
    narrowed = query.category or query.conversation_id or query.since or query.until
    found = search(profile, query.search, embedder, limit=PAGE if narrowed else SHOWN, statuses=statuses)
    attributes = [hit.attribute for hit in found]
    if not narrowed:
        return attributes
    allowed = profile.attributes.list(
        category=query.category or None,
        conversation_id=query.conversation_id,
        since=query.since,
        until=query.until,
    )
    ids = {each.id for each in allowed}
    return [each for each in attributes if each.id in ids][:SHOWN]


def count_all(profile: Profile) -> dict[str, int]:
    """How many there are of each status; "" counts all."""
    return {status: profile.attributes.count(status or None) for status in STATUSES}


def read_detail(profile: Profile, attribute_id: str, study: Any = None) -> Detail:
    """One attribute with quotes in context, uses and history. Raises NotFound."""
    attribute = profile.attributes.get(attribute_id)
    return Detail(
        attribute,
        read_places(profile, attribute),
        [
            _use(profile, each, attribute_id, study)
            for each in profile.selections.for_attribute(attribute_id)[:50]
        ],
        profile.attributes.history(attribute_id),
    )


def read_places(profile: Profile, attribute: Attribute) -> list[Place]:
    """Where the person said it."""
    places = []
    for evidence in attribute.evidence:
        message = profile.conversations.get_message(evidence.message_id)
        conversation = profile.conversations.get(message.conversation_id)
        before, quote, after = around(message, evidence.start, evidence.end)
        places.append(Place(conversation.title, message.created_at, before, quote, after, conversation.id))
    return places


def around(message: Message, start: int, end: int) -> tuple[str, str, str]:
    """The quote and what stands before and after it, cut to a readable length."""
    text = message.content
    first, last = max(0, start - CONTEXT), min(len(text), end + CONTEXT)
    before = ("… " if first else "") + text[first:start]
    return before, text[start:end], text[end:last] + (" …" if last < len(text) else "")


def _use(profile: Profile, selection: Selection, attribute_id: str, study: Any) -> Use:
    score = next((item.score for item in selection.items if item.attribute_id == attribute_id), 0.0)
    return Use(selection.id, selection.prompt, score, selection.created_at, _rating(study, selection.id))


def _rating(study: Any, selection_id: str) -> str:
    """What the person said about the pair of this selection."""
    if study is None:
        return ""
    row = study.one(
        "SELECT c.choice, c.chosen_condition, c.scale FROM current_rating c "
        "JOIN trial t ON t.id = c.trial_id WHERE t.selection_id = ? AND c.stage = 3",
        [selection_id],
    )
    if row is None:
        return ""
    chosen = {"generic": tr("generic"), "personalized": tr("personalized")}.get(row["chosen_condition"] or "")
    words = chosen or {"tie": tr("tie"), "both_bad": tr("both bad")}.get(row["choice"] or "", "")
    return f"{words} {row['scale']}/5" if row["scale"] else words


def quote_content(place: Place) -> Content:
    """A quote highlighted in its context."""
    return (
        Content.styled(place.before, "$foreground 60%")
        + Content.styled(place.quote, "bold $text on $primary 35%")
        + Content.styled(place.after, "$foreground 60%")
    )


def mark_content(attribute: Attribute) -> Content:
    """The sign of an attribute's status, with pin and "never use"."""
    status = str(attribute.status)
    sign = Content.styled(MARKS.get(status, " "), STYLES.get(status, ""))
    if attribute.pinned:
        sign += Content.styled("*", "$accent")
    if attribute.never_use:
        sign += Content.styled("⊘", "$error")
    return sign
