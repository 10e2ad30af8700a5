"""What the security bar names is there, and what holds for the whole program."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TESTS = Path(__file__).parent
PROGRAM = TESTS.parent
BAR = (PROGRAM / "SECURITY.md").read_text().partition("## The bar")[2]

RUNS_TEXT = {"eval", "exec", "compile", "os.system", "os.popen", "yaml.load", "pickle.loads"}
MODULES = {"pickle", "marshal", "shelve", "dill"}


def test_every_test_that_the_bar_names_is_there() -> None:
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", BAR)
    assert len(named) > 40
    missing = [
        (file, name)
        for file, name in named
        if not (TESTS / file).exists() or f"def {name}" not in (TESTS / file).read_text()
    ]
    assert missing == []


def calls_and_imports(tree: ast.AST) -> Iterator[str]:
    """What a module calls by name, and which modules it loads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            yield name
            if any(
                word.arg == "shell" and ast.unparse(word.value) == "True" for word in node.keywords
            ):
                yield "shell=True"
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_nothing_in_the_program_runs_text_as_code() -> None:
    found = [
        f"{file.relative_to(PROGRAM)}: {name}"
        for folder in ("rtcd", "cli")
        for file in sorted((PROGRAM / folder).rglob("*.py"))
        for name in calls_and_imports(ast.parse(file.read_text()))
        if name in RUNS_TEXT | MODULES | {"shell=True"}
    ]
    assert found == []


def test_the_daemon_leaves_no_core_dump() -> None:
    command = [sys.executable, "-P", "-m", "rtcd.daemon"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as daemon:
        limits = Path(f"/proc/{daemon.pid}/limits")
        wanted = re.compile(r"Max core file size +0 +0 ")
        deadline = time.monotonic() + 30
        while not wanted.search(limits.read_text()):
            assert time.monotonic() < deadline, limits.read_text()
            time.sleep(0.02)
        # Without settings it is not wanted.
        assert daemon.stdin is not None
        daemon.stdin.close()
        assert daemon.wait(30) == 0


def test_every_dependency_is_locked_with_hashes_at_a_version_that_is_wanted() -> None:
    project = tomllib.loads((PROGRAM / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["server"]]
    entries = (PROGRAM / "requirements-locked.txt").read_text().replace("\\\n", "").splitlines()
    locked: dict[str, str] = {}
    for entry in entries:
        assert " --hash=sha256:" in entry
        name, _, version = entry.split()[0].partition("==")
        locked[canonicalize_name(name)] = version
    assert {
        requirement
        for requirement in map(Requirement, wanted)
        if not requirement.specifier.contains(locked[canonicalize_name(requirement.name)])
    } == set()
