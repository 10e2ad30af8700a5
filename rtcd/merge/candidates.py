"""What is known when a save arrives: the versions it may be based on, and other evidence."""

from __future__ import annotations

from dataclasses import dataclass

from rtcd.content import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A version that the saving program may have had loaded.

    Attributes:
        content: what it holds.
        own_save: a save of this disk put it there; else the daemon wrote it.
        read: somebody read the file while it held this version; None where nobody can know.
        base: index (in the same list) of the version that this save was itself made from, None
            for versions the daemon wrote and where it is not known.
        age: seconds between this version and the save, None where it is not known.
        displaced: a write of the daemon swapped this save out: nobody can have read it from disk.
    """

    content: Content
    own_save: bool
    read: bool | None
    base: int | None = None
    age: float | None = None
    displaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for a base beside the contents (merging 4.1).

    Attributes:
        git: the save is a checkout: its bytes are a blob of the index or of HEAD, or git's own
            files changed at the same time.
        newest_read_by_saver: the program that saved had read the newest version; None: unknown.
    """

    git: bool = False
    newest_read_by_saver: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseChoice:
    """Which version a save is taken to be based on.

    Attributes:
        index: place in the list of candidates.
        conflict: None, or the reason word of a record that people should see.
        why: one sentence for people.
        nothing_to_apply: the save brings nothing new; what is shared stays as it is.
    """

    index: int
    why: str
    conflict: str | None = None
    nothing_to_apply: bool = False
