"""Floors and known defects."""

from __future__ import annotations

import pytest

from rtcd.server.versions import (
    DEFECTS,
    FLOORS,
    check_installed,
    check_server,
    installed_version,
    is_older,
    known_defects,
)


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [
        ("2.9", "2.18", True),
        ("2.18", "2.18.0", False),
        ("2.18.0", "2.18", False),
        ("2.17.9", "2.18", True),
        ("3.0.4rc1", "3.0.4", False),
        ("v3", "2.9", False),
        ("0.150.0", "0.149.16", False),
        ("unknown", "1", True),
    ],
)
def test_releases_compare_as_numbers(one, other, older):
    assert is_older(one, other) is older


def test_what_is_installed_here_is_good_enough():
    assert check_installed() == []


def test_the_floors_of_the_packaging_are_the_same():
    """One truth: what pip installs is what doctor asks for."""
    from importlib.metadata import requires

    lines = [line.replace("_", "-") for line in requires("rtcd") or []]
    for floor in FLOORS:
        wanted = f"{floor.package.replace('_', '-')}>={floor.minimum}"
        assert any(line.startswith(wanted) for line in lines), wanted


def test_a_version_below_its_floor_is_found_and_says_why():
    versions = {floor.package: floor.minimum for floor in FLOORS} | {"jupyter_server": "2.17.0"}
    (finding,) = check_installed(versions.get)
    assert (finding.package, finding.installed, finding.code) == (
        "jupyter_server",
        "2.17.0",
        "too-old",
    )
    assert "CVE-2026-35397" in finding.message
    assert "rtcd[server]" in finding.hint


def test_missing_server_packages_count_only_where_a_server_is_needed():
    versions = {floor.package: floor.minimum for floor in FLOORS if not floor.optional}
    assert {finding.code for finding in check_installed(versions.get)} == {"missing"}
    assert check_installed(versions.get, server_needed=False) == []


def test_a_server_elsewhere_is_judged_by_what_it_tells():
    assert check_server({"jupyter_server": "2.21.1", "jupyter-server-ydoc": None}) == []
    (finding,) = check_server({"jupyter-server-ydoc": "3.0.3"})
    assert finding.code == "too-old"
    assert "who runs the server" in finding.hint


def test_a_defect_counts_up_to_its_last_bad_version_only():
    bad = known_defects({"pycrdt-store": "0.1.5"}.get)
    assert [finding.code for finding in bad] == ["defect"]
    assert "squash_after_inactivity_of" in bad[0].message
    assert known_defects({"pycrdt-store": "0.1.6"}.get) == []
    assert known_defects({}.get) == []
    assert len(known_defects({"pycrdt-store": "0.1.5"}.get, harmless=True)) == len(DEFECTS)


def test_a_package_that_is_not_there_has_no_version():
    assert installed_version("no-such-package-of-ours") is None
