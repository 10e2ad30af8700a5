"""One nursery for all fault tests; forked daemons start in a third of a second."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from end_to_end.conftest import stock_server, workplace  # noqa: F401 - fixtures
from faults.daemons import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """The process that forks daemons."""
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="session")
def has_strace() -> None:
    """Tests that inject faults need strace, and the right to trace."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: `apt-get install strace`")
