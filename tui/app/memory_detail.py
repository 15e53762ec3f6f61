"""Everything about one attribute, as text: the claim, its quotes, where it was used, its history."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from tui.app.format import age, clip
from tui.app.memory_data import MARKS, STYLES, Detail, quote_content
from tui.app.text import tr
from tui.reasons import reason_words

ACTIONS = {
    "created": "came in",
    "accepted": "accepted",
    "rejected": "rejected",
    "edited": "edited",
    "superseded": "superseded",
    "pinned": "pinned",
    "unpinned": "unpinned",
    "never used": "never used",
    "used again": "used again",
    "undone": "undone",
    "evidence added": "said again",
}


def heading(text: str) -> Content:
    return Content.styled(f"\n\n{text}\n", "bold $primary")


def facts(detail: Detail) -> Content:
    """Status, category and the other marks."""
    attribute = detail.attribute
    status = str(attribute.status)
    words = [tr(str(attribute.category)), tr(str(attribute.durability))]
    if str(attribute.sensitivity) != "none":
        words.append(tr("sensitive: {what}", what=tr(str(attribute.sensitivity))))
    if attribute.pinned:
        words.append(tr("pinned"))
    if attribute.never_use:
        words.append(tr("never used"))
    words.append(
        {"extracted": tr("from what you wrote"), "added": tr("added by you"), "imported": tr("imported")}[
            attribute.source
        ]
    )
    line = Content.styled(f"{MARKS.get(status, '')} {tr(status)}", STYLES.get(status, ""))
    line += Content.styled(" · " + " · ".join(words), "$foreground 65%")
    if attribute.reason:
        why = tr(reason_words(attribute.reason))
        line += Content.styled("\n" + tr("reason: {text}", text=why), "$warning")
    return line


def detail_content(detail: Detail, now: datetime) -> Content:
    """The whole page of one attribute."""
    page = Content.styled(detail.attribute.text, "bold") + Content("\n") + facts(detail)
    page += heading(tr("Where you said it"))
    if not detail.places:
        page += Content.styled(tr("nowhere: it was added by hand"), "$foreground 60%")
    for number, place in enumerate(detail.places):
        if number:
            page += Content("\n\n")
        where = f"{clip(place.title or tr('New chat'), 40)} · {age(place.created_at, now)}"
        page += Content.styled(where + "\n", "$foreground 50%") + quote_content(place)
    page += heading(tr("Where it was used"))
    if not detail.uses:
        page += Content.styled(tr("not yet"), "$foreground 60%")
    for use in detail.uses:
        line = f"{age(use.created_at, now):>9}  {use.score:.2f}  {clip(use.prompt, 60)}"
        page += Content(line) + Content.styled(f"  {use.rating}\n" if use.rating else "\n", "$accent")
    page += heading(tr("History"))
    for change in detail.history:
        page += Content.styled(f"{age(change.changed_at, now):>9}  ", "$foreground 50%")
        page += Content(tr(ACTIONS.get(change.action, change.action)))
        before, after = (change.before or {}).get("text"), change.after.get("text")
        if change.action == "edited" and before and before != after:
            page += Content.styled(f"  {clip(before, 60)}", "$foreground 50% strike")
        page += Content.styled(f"  ({tr('undone')})\n" if change.undone else "\n", "$foreground 50%")
    return page
