"""Failures of the stores, in words that a person can act on."""

from __future__ import annotations

from engine.errors import RecenterError


class StoreError(RecenterError):
    """Something about the stored data is not as it should be."""


class DatabaseTooNew(StoreError):
    """The database was written by a later version of the program."""


class DatabaseDamaged(StoreError):
    """The file is no database, or its pages contradict each other."""


class DatabaseNeedsWriter(StoreError):
    """A reader met a database that has to be migrated or recovered by a writer first."""


class ProfileInUse(StoreError):
    """Another process holds the profile."""


class NotFound(StoreError):
    """No record has this id."""


class AmbiguousId(StoreError):
    """More than one record's id begins like this."""


class NothingToUndo(StoreError):
    """The record is as it was when it came in."""


class BadEvidence(StoreError):
    """A quote does not stand where it is said to stand."""


class Tombstoned(StoreError):
    """The user has forgotten this fact; it is not taken in again."""


class ImportProblem(StoreError):
    """A file as a whole cannot be imported."""
