"""Is what is installed new enough, and free of known defects?"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata

from rtcd import __version__
from rtcd.server import versions
from rtcd_cli.doctor_checks.check import Check

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)\s*>=\s*(?P<floor>[0-9.]+)(?P<rest>[^;]*)(?:;\s*(?P<marker>.*))?"
)


def check_python() -> Iterator[Check]:
    """The interpreter itself."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("python", "ok", f"Python {version}, rtcd {__version__}")


def requirements() -> Iterator[tuple[str, str, str | None]]:
    """Name, floor and extra of each package that the installed rtcd asks for."""
    for text in metadata.requires("rtcd") or ():
        found = _REQUIREMENT.match(text)
        if found is None:
            continue
        marker = found["marker"] or ""
        if "sys_platform" in marker and sys.platform not in marker:
            continue
        extra = re.search(r"extra\s*==\s*['\"](\w+)['\"]", marker)
        yield found["name"], found["floor"], extra[1] if extra else None


def check_packages() -> Iterator[Check]:
    """What rtcd cannot run without."""
    yield from _packages("packages", None, "pip install --upgrade rtcd")


def check_server_packages() -> Iterator[Check]:
    """What a server started by rtcd needs; a guest of a server elsewhere needs none of it."""
    name = "server packages"
    if versions.installed_version("jupyter_server") is None:
        yield Check(
            name,
            "note",
            "not installed; only a server on this machine needs them",
            "`pip install 'rtcd[server]'` brings them.",
        )
        return
    yield from _packages(name, "server", "pip install --upgrade 'rtcd[server]'")
    for finding in versions.check_installed():
        yield Check(name, "fail", finding.message, finding.hint)
    for finding in versions.known_defects():
        yield Check("known defects", "note", finding.message, finding.hint)


def _packages(name: str, extra: str | None, command: str) -> Iterator[Check]:
    wanted = [(package, floor) for package, floor, of in requirements() if of == extra]
    told = {_normal(floor.package) for floor in versions.FLOORS}
    wrong = []
    for package, floor in wanted:
        found = versions.installed_version(package)
        if found is None:
            wrong.append(f"{package} is missing")
        elif versions.is_older(found, floor) and _normal(package) not in told:
            wrong.append(f"{package} {found} is older than {floor}")
    if wrong:
        yield Check(name, "fail", "; ".join(wrong), f"Run `{command}`.")
    else:
        yield Check(name, "ok", f"all {len(wanted)} are there")


def _normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()
