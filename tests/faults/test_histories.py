"""Random histories of real daemons, a real server and bad networks, in the manner of Mysteries of
Dropbox: what people do, what goes wrong, then a stabilization and a check of the promises.

Many more: ``python tests/faults/explore.py histories``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from faults.daemons import Nursery
from faults.histories import run_history
from faults.world import World

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(600)]

HISTORIES = int(os.environ.get("RTCD_HISTORIES", "2"))


@pytest.fixture(scope="module")
def world(nursery: Nursery) -> Iterator[World]:
    """A host and two guests."""
    made = World(nursery)
    yield made
    made.close()


@pytest.mark.parametrize("number", range(HISTORIES))
def test_a_history_loses_and_doubles_nothing(world: World, number: int) -> None:
    run_history(world, number)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", range(100, 110))
def test_a_history_with_deaths_of_the_server_loses_and_doubles_nothing(
    world: World, number: int
) -> None:
    run_history(world, number, server_kills=True)
