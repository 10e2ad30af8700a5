"""Versions that rtcd relies on, and defects of others' packages that a user can run into.

Each floor names what goes wrong below it. For ``rtcd doctor``; nothing here stops a program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True, slots=True)
class Floor:
    """The first good version of a package; ``optional`` ones belong to the extra ``server``."""

    package: str
    minimum: str
    why: str
    optional: bool = True


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect that is in a package up to and including ``last_bad``, and how to live with it."""

    package: str
    last_bad: str
    what: str
    way_out: str
    harmless_here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFinding:
    """One thing that ``rtcd doctor`` says; ``code`` is ``too-old``, ``missing`` or ``defect``."""

    package: str
    installed: str | None
    code: str
    message: str
    hint: str


FLOORS = (
    Floor(
        "jupyter_server",
        "2.18",
        "older ones let a request out of the served folder (CVE-2026-35397), match origins "
        "loosely (CVE-2026-40110) and keep cookies alive after a password change (CVE-2026-40934)",
    ),
    Floor(
        "jupyter-server-ydoc",
        "3.0.4",
        "older ones answer the history and undo addresses without authentication",
    ),
    Floor(
        "zeroconf",
        "0.150",
        "older ones can be stopped or misled by others in the local network (CVE-2026-47180, "
        "-47183, -47184, -48045, -48487)",
        optional=False,
    ),
    Floor("pycrdt", "0.14.13", "rtcd was tested with this version and later ones", optional=False),
)

DEFECTS = (
    Defect(
        "pycrdt-store",
        "0.1.5",
        "squashing the update store (`squash_after_inactivity_of`, `document_ttl`) destroys the "
        "history of a document, and its text comes back twice",
        "Do not set these two; rtcd's extension takes them out of its own server's settings.",
    ),
    Defect(
        "pycrdt-store",
        "0.1.5",
        "rooms that are opened together on a new update store destroy it",
        "Nothing to do: rtcd's extension makes the store before the first room opens.",
        harmless_here=True,
    ),
)


def check_installed(
    installed: Callable[[str], str | None] | None = None, *, server_needed: bool = True
) -> list[VersionFinding]:
    """What is wrong with the packages beside rtcd; empty when all is well.

    Args:
        installed: gives the version of a package, None when it is missing.
        server_needed: whether the packages of the extra ``server`` must be there.
    """
    ask = installed_version if installed is None else installed
    findings = [_check_floor(floor, ask(floor.package), server_needed) for floor in FLOORS]
    return [finding for finding in findings if finding is not None]


def check_server(versions: Mapping[str, str | None]) -> list[VersionFinding]:
    """The same for a server elsewhere, of which only some versions are known."""
    findings = []
    for floor in FLOORS:
        told = versions.get(floor.package)
        if told is not None and is_older(told, floor.minimum):
            findings.append(_too_old(floor, told, "Ask who runs the server to update it."))
    return findings


def known_defects(
    installed: Callable[[str], str | None] | None = None, *, harmless: bool = False
) -> list[VersionFinding]:
    """Defects in what is installed; those that rtcd works around only with ``harmless``."""
    ask = installed_version if installed is None else installed
    findings = []
    for defect in DEFECTS:
        found = ask(defect.package)
        if found is None or is_older(defect.last_bad, found) or defect.harmless_here > harmless:
            continue
        findings.append(
            VersionFinding(
                package=defect.package,
                installed=found,
                code="defect",
                message=f"{defect.package} {found}: {defect.what}",
                hint=defect.way_out,
            )
        )
    return findings


def installed_version(package: str) -> str | None:
    """The version beside rtcd; None when the package is missing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def is_older(one: str, other: str) -> bool:
    """Compare release numbers; a pre-release counts as its release."""
    first, second = _release(one), _release(other)
    length = max(len(first), len(second))
    return first + (0,) * (length - len(first)) < second + (0,) * (length - len(second))


def _check_floor(floor: Floor, found: str | None, server_needed: bool) -> VersionFinding | None:
    upgrade = "pip install --upgrade 'rtcd[server]'" if floor.optional else "pip install -U rtcd"
    if found is None:
        if floor.optional and not server_needed:
            return None
        return VersionFinding(
            package=floor.package,
            installed=None,
            code="missing",
            message=f"{floor.package} is not installed",
            hint=f"Run `{upgrade}`.",
        )
    return _too_old(floor, found, f"Run `{upgrade}`.") if is_older(found, floor.minimum) else None


def _too_old(floor: Floor, found: str, hint: str) -> VersionFinding:
    return VersionFinding(
        package=floor.package,
        installed=found,
        code="too-old",
        message=f"{floor.package} {found} is older than {floor.minimum}: {floor.why}",
        hint=hint,
    )


def _release(text: str) -> tuple[int, ...]:
    found = re.match(r"v?(\d+(?:\.\d+)*)", text.strip())
    return tuple(int(number) for number in found[1].split(".")) if found else ()
