"""Fixtures shared by all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# Hundreds of processes are started: each would compile all of rtcd again (half a second).
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A machine that is busy with something else draws slowly; that says nothing of what is tested.
settings.register_profile(
    "any machine",
    deadline=None,
    max_examples=int(os.environ.get("RTCD_EXAMPLES", "50")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """asyncio is the loop that rtcd runs on."""
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with real servers, editors and a browser may be tried twice more, and say so (``R``).

    They race with whatever else the machine does; one that fails each time has found a fault.
    """
    for item in items:
        if item.get_closest_marker("end_to_end") is not None:
            item.add_marker(pytest.mark.flaky(reruns=2))
