"""Why a memory was not taken, in words: the codes that the stores keep are for programs."""

from __future__ import annotations

_WORDS = {
    "about_task": "about the task, not about you",
    "task_not_person": "about the task, not about you",
    "not_about_user": "about somebody or something else",
    "not_lasting": "true for the moment only",
    "not_standalone": "not understandable alone",
    "no_evidence": "the quote does not say that",
    "unsupported": "the quote does not say all of it",
    "overgeneralized": "says more than the quote",
    "wrong": "simply wrong",
    "private": "right, but private",
}


def reason_words(reason: str) -> str:
    """A code in words; what is no code (a reason in somebody's own words) as it is."""
    return _WORDS.get(reason, reason)
