"""From the system's error numbers to the reasons a file is held for."""

from __future__ import annotations

import errno

from rtcd.errors import HeldError

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})

_REASONS: dict[int, tuple[str, str, str]] = {
    errno.ENOSPC: ("disk-full", "there is no space left on the disk", "Free some space."),
    errno.EDQUOT: ("disk-full", "your disk quota is used up", "Free some space."),
    errno.EFBIG: ("disk-full", "the file may not grow that large", "Raise the size limit."),
    errno.EROFS: ("read-only", "the file system is read-only", "Remount it for writing."),
    errno.EACCES: ("no-permission", "permission was denied", "Check the file's mode and owner."),
    errno.EPERM: ("no-permission", "the system does not permit it", "Check the file's owner."),
    errno.ELOOP: ("symlink", "a symbolic link is in the way", "rtcd does not follow links."),
    errno.EXDEV: ("other-file-system", "it lies on another file system", "Unmount or ignore it."),
    errno.ENOTDIR: ("type-changed", "a file stands where a folder was", "Move one of them."),
    errno.EISDIR: ("type-changed", "a folder stands where a file was", "Move one of them."),
    errno.ENAMETOOLONG: ("refused-path", "the name is too long here", "Shorten the name."),
    errno.EILSEQ: ("refused-path", "the file system refuses the name", "Rename the file."),
    errno.EINVAL: ("refused-path", "the file system refuses the name", "Rename the file."),
    errno.EMFILE: ("too-many-open-files", "too many files are open", "Raise `ulimit -n`."),
    errno.ENFILE: ("too-many-open-files", "too many files are open", "Close some programs."),
    errno.EIO: ("read-error", "the disk reported an error", "Check the disk."),
    errno.ESTALE: ("read-error", "the network file system lost it", "Try again."),
    errno.ENOTEMPTY: ("not-empty", "the folder is not empty", "Look what is still in it."),
}

PASSING_TROUBLE = frozenset(
    (
        "busy",
        "disk-error",
        "disk-full",
        "no-permission",
        "read-error",
        "read-only",
        "too-many-open-files",
    )
)
"""Reasons that may be over in a moment, and of whose end no notice tells."""


def is_absent(error: OSError) -> bool:
    """True when the error says that there is nothing at the path."""
    return error.errno in _ABSENT


def held(error: OSError, path: object, doing: str) -> HeldError:
    """The hold for a failed system call; ``doing`` completes "could not ... PATH"."""
    fallback = ("disk-error", error.strerror or "the system reported an error", "Check the disk.")
    code, why, hint = _REASONS.get(error.errno or 0, fallback)
    return HeldError(f"could not {doing} {path}: {why}", hint=hint, code=code)


def link_in_the_way(path: object) -> HeldError:
    """The hold for a symbolic link, which rtcd never follows."""
    return HeldError(
        f"{path} is reached by a symbolic link",
        hint="Links are not followed; share the folder that it points to.",
        code="symlink",
    )
