"""Every failure of an engine, in words that a person can act on."""

from __future__ import annotations


class RecenterError(Exception):
    """A failure that a person is told about: `message` says what happened, `remedy` what to do.

    The command line prints `str(error)` on one line and exits with 1; the app shows it as a notice.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class SettingsError(RecenterError):
    """A setting is wrong; the message names its file, line or variable."""


class EngineError(RecenterError):
    """A model could not do what was asked."""


class ServerUnreachable(EngineError):
    """No server answers at the configured address."""


class ServerLost(EngineError):
    """The server went away, or reported an error, in the middle of an answer."""


class ModelMissing(EngineError):
    """The server answers but does not have the model, or a model file is not there."""


class PromptTooLong(EngineError):
    """The prompt does not fit the context window, or the server cut it silently."""


class BadReply(EngineError):
    """The server answered with something that is no valid reply (broken JSON, wrong schema)."""


class EngineTimeout(EngineError):
    """The server did not answer within the configured time."""


class ModelFileError(RecenterError):
    """A model file could not be fetched, verified or read."""
