"""The papers at the door tell the truth: commands exist, links lead somewhere, names get installed."""

from __future__ import annotations

import re
import shlex
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

import rtcd
from rtcd_cli.commands import cli

ROOT = Path(__file__).parent.parent
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def readme_command(name: str) -> str:
    """The one command behind a mark in the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- {name} -->\s*```console\n\$ (.+?)\n```", text, re.DOTALL)
    assert found, f"README.md has no {name}"
    return found[1]


def test_the_readme_has_one_line_to_run_and_one_to_test():
    assert readme_command("run-command").endswith(".venv/bin/rtcd start")
    assert readme_command("test-command").endswith(
        ".venv/bin/python -m pytest -q -n 3 --dist loadfile"
    )
    for name in ("run-command", "test-command"):
        assert "\n" not in readme_command(name)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_to_a_file(paper: Path):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", paper.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (paper.parent / target).exists(), f"{paper.name} links to {target}"


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_every_rtcd_command_in_the_papers_exists(paper: Path):
    commands = set(cli.list_commands(None))  # type: ignore[arg-type]
    for call in re.findall(r"(?:^\$ |`)rtcd ([^`\n]+)", paper.read_text(encoding="utf-8"), re.M):
        words = [
            word for word in shlex.split(call.split("#")[0].replace("'", "")) if word[0] != "-"
        ]
        if words and re.fullmatch(r"[a-z-]+", words[0]):
            assert words[0] in commands, f"{paper.name} tells of `rtcd {call}`"


def test_the_papers_name_no_place_of_one_machine():
    for paper in PAPERS:
        text = paper.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.])/(?:work|root|farm)/", text), paper.name


def test_the_command_and_the_version_are_installed():
    (script,) = [entry for entry in entry_points(group="console_scripts") if entry.name == "rtcd"]
    assert script.value == "rtcd_cli.main:main"
    assert version("rtcd") == rtcd.__version__


def test_nothing_is_installed_under_a_name_that_is_not_ours():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'packages = ["rtcd", "cli/rtcd_cli"]' in text
