"""Real JupyterLab in real Chromium; one browser at a time."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from browser.lab_page import CHROMIUM, LabPage, opened
from end_to_end.conftest import host, new_folder, shared_host, workplace
from end_to_end.project_folder import RtcdFolder

__all__ = ["host", "new_folder", "shared_host", "workplace"]

OpenLab = Callable[[RtcdFolder], LabPage]


@pytest.fixture(scope="session", autouse=True)
def _chromium() -> None:
    pytest.importorskip("playwright")
    if not (shutil.which(CHROMIUM) or os.environ.get("RTCD_CHROMIUM")):
        pytest.skip("no Chromium here; RTCD_CHROMIUM tells where it is")


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where pictures of key moments go: kept for a look, never part of the project."""
    return Path(os.environ.get("RTCD_SCREENSHOTS") or tempfile.mkdtemp(prefix="rtcd-shots-"))


@pytest.fixture(scope="module")
def shared_lab(shared_host: RtcdFolder, shots: Path) -> Iterator[LabPage]:
    """A browser for all of these tests; each loads JupyterLab anew."""
    # The file browser of an empty folder shows nothing to wait for.
    shared_host.write("first.txt", "JupyterLab shows something.\n")
    address = shared_host.address
    with opened(address.url, address.token.reveal(), shots=shots) as lab:
        yield lab


@pytest.fixture
def open_lab(shots: Path, request: pytest.FixtureRequest) -> Iterator[OpenLab]:
    """Opens JupyterLab on a started host; a picture is taken when the test has failed."""
    with ExitStack() as stack:

        def open_it(folder: RtcdFolder) -> LabPage:
            address = folder.address
            page: AbstractContextManager[LabPage] = opened(
                address.url, address.token.reveal(), shots=shots
            )
            lab = stack.enter_context(page)
            stack.callback(lambda: lab.screenshot(f"end-{request.node.name[:60]}"))
            return lab

        yield open_it
