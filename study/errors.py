"""What can go wrong in a study, in words that a person can act on."""

from __future__ import annotations

from engine.errors import RecenterError


class StudyError(RecenterError):
    """A study could not do what was asked."""


class ProtocolError(StudyError):
    """A protocol file is wrong; the message names its key and line."""


class InvalidRating(StudyError):
    """An answer that contradicts itself or does not fit its trial."""


class AlreadyRated(StudyError):
    """The trial has an answer; a correction must say which one it supersedes."""


class StudyFileError(StudyError):
    """A file that should be read as study data is not."""
