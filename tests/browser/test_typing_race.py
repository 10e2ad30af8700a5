"""The promise itself: typing without pause, saves by another program, and nothing gets lost."""

from __future__ import annotations

from collections import Counter

import pytest

from browser.conftest import OpenLab
from browser.lab_page import LabPage, notebook
from browser.typing_race import NOTHING, Count, Tokens, cell_text, type_while_saving
from end_to_end.conftest import NewFolder
from end_to_end.project_folder import RtcdFolder, eventually

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end]

SECONDS = 20.0


def attached(new_folder: NewFolder, host: RtcdFolder) -> RtcdFolder:
    """A second folder, on the host's server."""
    guest = new_folder("guest", name="Grace Hopper")
    guest.start("--server", host.address.url, token=host.address.token.reveal())
    return guest


def requests_by_kind(lab: LabPage) -> Counter[str]:
    """How often the page asked for what."""
    return Counter(
        f"{request.method} {request.url.partition('?')[0].rpartition('/api/')[2]}"
        + (" hash" if "hash=1" in request.url else "")
        for request in lab.requests
        if "/api/contents" in request.url
    )


def tell(what: str, tokens: Tokens, lab: LabPage) -> None:
    print(
        f"\n{what}: {len(tokens.typed)} tokens typed in {tokens.seconds:.1f} s, "
        f"{len(tokens.saved)} saved beside; contents requests {dict(requests_by_kind(lab))}"
    )


def test_typing_beside_a_program_that_saves_loses_and_doubles_nothing(
    host: RtcdFolder, new_folder: NewFolder, open_lab: OpenLab
):
    file = host.write("notes.txt", "\nthe last line\n")
    host.start()
    guest = attached(new_folder, host)
    lab = open_lab(host)
    lab.open_text("notes.txt")
    lab.put_cursor("Control+Home")
    lab.requests.clear()
    tokens = type_while_saving(lab, file, seconds=SECONDS)
    tell("text", tokens, lab)
    lab.screenshot("race-text")
    host.wait()
    guest.wait()
    everything = [*tokens.typed, *tokens.saved]
    eventually(lambda: host.read("notes.txt") == guest.read("notes.txt"), "both folders to agree")
    lab.until(lambda: lab.text() == host.read("notes.txt"), "browser and disk to agree")
    counts = [Count.of(everything, text) for text in (lab.text(), guest.read("notes.txt"))]
    lab.save()
    lab.until(lambda: not lab.is_dirty("notes.txt"), "the mark of unsaved changes to go")
    assert (counts, lab.interruptions()) == ([NOTHING, NOTHING], [])


@pytest.mark.long
def test_typing_in_a_cell_beside_a_program_that_saves_loses_and_doubles_nothing(
    host: RtcdFolder, new_folder: NewFolder, open_lab: OpenLab
):
    file = host.write("work.ipynb", notebook("\n'here'", "'the last cell'\n"))
    host.start()
    guest = attached(new_folder, host)
    lab = open_lab(host)
    lab.open_notebook("work.ipynb")
    lab.put_cursor("Control+Home", cell=0)
    lab.requests.clear()
    tokens = type_while_saving(lab, file, seconds=SECONDS)
    tell("notebook", tokens, lab)
    lab.screenshot("race-notebook")
    host.wait()
    guest.wait()
    everything = [*tokens.typed, *tokens.saved]
    eventually(
        lambda: cell_text(host.read("work.ipynb")) == cell_text(guest.read("work.ipynb")),
        "both folders to agree",
    )
    lab.until(
        lambda: "\n".join(lab.cells()) == cell_text(host.read("work.ipynb")),
        "browser and disk to agree",
    )
    count = Count.of(everything, cell_text(host.read("work.ipynb")))
    lab.save()
    lab.until(lambda: not lab.is_dirty("work.ipynb"), "the mark of unsaved changes to go")
    assert (count, lab.interruptions()) == (NOTHING, [])
