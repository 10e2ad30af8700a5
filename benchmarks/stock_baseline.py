"""How much is lost when somebody types in JupyterLab while another program saves the same file.

The same twenty seconds twice: beside a stock Jupyter server with collaboration, and beside rtcd.
Prints one line for each: tokens typed and saved, lost, doubled, dialogs. Needs Chromium.

    python benchmarks/stock_baseline.py [--seconds 20] [--press-save] [--only stock|rtcd]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from browser.lab_page import LabPage, opened
from browser.typing_race import Count, type_while_saving
from end_to_end.project_folder import RtcdFolder
from end_to_end.stock_server import StockServer

NAME = "notes.txt"
CONTENT = "\nthe last line\n"
SETTLE_MILLISECONDS = 4_000


@contextmanager
def stock(place: Path) -> Iterator[tuple[str, str, Path]]:
    """A stock server with JupyterLab: its address, its token, the file."""
    root = place / "served"
    root.mkdir()
    (root / NAME).write_text(CONTENT)
    extensions = {
        "jupyterlab": True,
        "jupyter_server_ydoc": True,
        "jupyter_server_fileid": True,
        "rtcd.extension": False,
    }
    with StockServer(root, ServerApp={"jpserver_extensions": extensions}) as server:
        yield server.url, server.token, root / NAME


@contextmanager
def rtcd(place: Path) -> Iterator[tuple[str, str, Path]]:
    """The same with rtcd, started as people start it."""
    folder = RtcdFolder(place / "project", place / "home")
    file = folder.write(NAME, CONTENT)
    folder.start()
    try:
        yield folder.address.url, folder.address.token.reveal(), file
    finally:
        folder.command("stop")


def measure(lab: LabPage, file: Path, *, seconds: float, press_save: bool) -> str:
    """Type, let everything come to rest, count what is in the editor and what is on disk."""
    lab.open_text(NAME)
    lab.put_cursor("Control+Home")
    tokens = type_while_saving(lab, file, seconds=seconds, press_save=press_save)
    lab.page.wait_for_timeout(SETTLE_MILLISECONDS)
    shown, on_disk = lab.text(), file.read_text()
    columns = [f"typed {len(tokens.typed):4d}", f"saved beside {len(tokens.saved):3d}"]
    for what, kind in ((tokens.typed, "typed"), (tokens.saved, "saved")):
        editor, disk = Count.of(what, shown), Count.of(what, on_disk)
        lost, doubled = len(editor.lost), len(editor.doubled)
        columns.append(
            f"{kind}: lost {lost:3d} (on disk {len(disk.lost):3d}), doubled {doubled:2d}"
        )
    dialogs = sum("File Changed" in text for text in lab.interruptions())
    return " | ".join([*columns, f"dialogs {dialogs}", f"same on disk {shown == on_disk}"])


def main() -> None:
    """Run both, or the one that was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--press-save", action="store_true", help="press Ctrl+S every 2 s")
    parser.add_argument("--only", choices=["stock", "rtcd"])
    asked = parser.parse_args()
    for name, set_up in (("stock", stock), ("rtcd", rtcd)):
        if asked.only not in (None, name):
            continue
        place = Path(tempfile.mkdtemp(prefix="rt-", dir="/var/tmp"))
        try:
            with (
                set_up(place) as (url, token, file),
                opened(url, token, shots=Path(tempfile.gettempdir()) / "rtcd-shots") as lab,
            ):
                told = measure(lab, file, seconds=asked.seconds, press_save=asked.press_save)
                picture = lab.screenshot(f"baseline-{name}")
            print(f"{name:5s} | {told} | {picture}", flush=True)
        finally:
            shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
