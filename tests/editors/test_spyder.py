"""Real Spyder, on a screen that nobody sees, beside JupyterLab's user in the room.

    RTCD_SPYDER=/path/to/bin/spyder pytest -m long tests/editors/test_spyder.py

Spyder comes from its package index into an environment of its own; Xvfb and xdotool from the system.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from end_to_end.conftest import host, new_folder, workplace
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually, eventually_async
from end_to_end.test_paired import notebook, told
from rtcd.content import NotebookContent

__all__ = ["host", "new_folder", "workplace"]

SPYDER = os.environ.get("RTCD_SPYDER") or shutil.which("spyder")
NEEDED = [name for name in ("Xvfb", "xdotool") if not shutil.which(name)]

pytestmark = [
    pytest.mark.editors,
    pytest.mark.end_to_end,
    pytest.mark.long,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not SPYDER, reason="no Spyder here; RTCD_SPYDER tells where it is"),
    pytest.mark.skipif(bool(NEEDED), reason=f"apt-get install {' '.join(NEEDED).lower()}"),
]

DISPLAY = ":78"
FIRST_LINE_Y, LINE_HEIGHT = 184, 17
FIRST_START_SECONDS = float(os.environ.get("RTCD_SPYDER_SECONDS", "40"))


class Spyder:
    """A window of Spyder, by what a person does in it."""

    def __init__(self, home: Path, log: Path) -> None:
        self.environment = {
            **os.environ,
            "DISPLAY": DISPLAY,
            "HOME": str(home),
            "QT_QPA_PLATFORM": "xcb",
            "QTWEBENGINE_DISABLE_SANDBOX": "1",
            "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox --disable-gpu",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "XDG_RUNTIME_DIR": str(home),
        }
        self.log = log

    def do(self, *words: str) -> str:
        """One command of xdotool."""
        done = subprocess.run(
            ["xdotool", *words], env=self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def go_to_line(self, number: int) -> None:
        """Click on a line of the file that has just been opened, then its end.

        By place, since a dialog gets no keys on a screen without a window manager.
        """
        self.do("mousemove", "180", str(FIRST_LINE_Y + LINE_HEIGHT * (number - 1)), "click", "1")
        self.do("sleep", "1")
        self.do("key", "End")

    def is_up(self, title: str) -> bool:
        """True when its main window shows that file."""
        return bool(self.do("search", "--onlyvisible", "--name", title))

    def screenshot(self, file: Path) -> None:
        """A picture of the screen, where ImageMagick is."""
        if shutil.which("import"):
            subprocess.run(
                ["import", "-window", "root", str(file)], env=self.environment, check=False
            )


@contextmanager
def opened(file: Path, home: Path) -> Iterator[Spyder]:
    """Spyder on one file; ends with all that it started."""
    home.mkdir(parents=True, exist_ok=True)
    spyder = Spyder(home, home / "spyder.log")
    screen = subprocess.Popen(
        ["Xvfb", DISPLAY, "-screen", "0", "1280x800x24"], stderr=subprocess.DEVNULL
    )
    with spyder.log.open("wb") as log:
        assert SPYDER is not None
        process = subprocess.Popen(
            [SPYDER, "--new-instance", "--conf-dir", str(home / "conf"), str(file)],
            env=spyder.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        eventually(lambda: spyder.is_up("Spyder"), "Spyder's window", seconds=120)
        time.sleep(
            FIRST_START_SECONDS
        )  # its first start builds panes and asks questions; nothing tells when
        yield spyder
    finally:
        os.killpg(process.pid, 9)
        process.wait()
        screen.terminate()
        screen.wait()


async def test_spyder_edits_and_runs_a_cell_while_the_notebook_is_live(host: RtcdFolder):
    ran = host.root / "ran.txt"
    host.write("analysis.ipynb", notebook("radius = 2", f"open({str(ran)!r}, 'w').write('ran')"))
    host.start()
    eventually(lambda: "# %%" in host.read("analysis.py"), "the script")
    lines = host.read("analysis.py").splitlines()
    async with RoomPerson.joined(host.address, "analysis.ipynb") as grace:
        with opened(host.root / "analysis.py", host.home / "spyder") as spyder:
            spyder.go_to_line(lines.index("radius = 2") + 1)
            spyder.do("type", "--delay", "50", "1  # typed in Spyder")
            spyder.do("key", "ctrl+s")
            wanted = "radius = 21  # typed in Spyder"
            await eventually_async(lambda: told(grace)[0][1] == wanted, "the save in the room", 30)
            assert [cell[0] for cell in told(grace)] == ["cell1", "cell2"]
            assert [cell[2] for cell in told(grace)] == ["out 1\n", "out 2\n"]
            content = grace.content
            assert isinstance(content, NotebookContent)
            cells = (replace(content.cells[0], source=f"{wanted}\nby_grace = 1"), content.cells[1])
            await grace.become(replace(content, cells=cells))
            await eventually_async(lambda: "by_grace" in host.read("analysis.py"), "the script")
            spyder.go_to_line(lines.index("radius = 2") + 5)
            spyder.do("key", "ctrl+Return")
            await eventually_async(ran.exists, "the cell that Spyder ran", 90)
            spyder.screenshot(
                Path(os.environ.get("RTCD_SCREENSHOTS", str(host.home))) / "spyder.png"
            )
    host.wait()
    assert host.status()["conflicts"] == 0
