"""``LabPage``: JupyterLab in headless Chromium, by what a person does and sees in it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOAD_MILLISECONDS = 180_000
WAIT_MILLISECONDS = 60_000

# Dialogs and notifications come and go between two looks; the page itself writes them down.
WRITE_DOWN_INTERRUPTIONS = """
window.__interruptions = [];
new MutationObserver(changes => {
  for (const change of changes) for (const node of change.addedNodes) {
    if (node.nodeType !== 1) continue;
    const found = node.matches('.jp-Dialog, .Toastify__toast') ? [node]
      : node.querySelectorAll('.jp-Dialog, .Toastify__toast');
    for (const shown of found) setTimeout(() => window.__interruptions.push(shown.innerText), 50);
  }
}).observe(document, {childList: true, subtree: true});
"""

TEXT_OF_EDITOR = "node => (node.cmTile || node.cmView).view.state.doc.toString()"
TEXTS_OF_EDITORS = f"nodes => nodes.map({TEXT_OF_EDITOR})"
NEWS = "official Jupyter news"


@dataclass(frozen=True, slots=True)
class Request:
    """One request that the page made: what, which address, and how it was answered."""

    method: str
    url: str
    status: int


class LabPage:
    """One browser window. Make it with ``opened``."""

    def __init__(self, page: Page, shots: Path) -> None:
        self.page = page
        self.requests: list[Request] = []
        self._shots = shots
        page.set_default_timeout(WAIT_MILLISECONDS)
        page.add_init_script(WRITE_DOWN_INTERRUPTIONS)
        page.on(
            "response",
            lambda reply: self.requests.append(
                Request(reply.request.method, reply.url, reply.status)
            ),
        )

    # ------------------------------------------------------------------ coming and going

    def enter(self, url: str, token: str) -> None:
        """Load JupyterLab with an empty workspace and answer its question about news."""
        self.load(url, token)
        self.dismiss_news()

    def load(self, url: str, token: str) -> None:
        """Load it, anew or for the first time, with an empty workspace."""
        self.page.goto(f"{url}lab?reset&token={token}", timeout=LOAD_MILLISECONDS)
        self.page.wait_for_selector("#jp-top-panel", timeout=LOAD_MILLISECONDS)
        self.page.wait_for_selector(
            "#jupyterlab-splash", state="detached", timeout=LOAD_MILLISECONDS
        )
        self.page.wait_for_selector(".jp-DirListing-item", timeout=LOAD_MILLISECONDS)

    def dismiss_news(self) -> None:
        """Say no to news, which JupyterLab asks about once for each user."""
        question = self.page.locator(".Toastify__toast", has_text=NEWS)
        question.wait_for()
        question.get_by_role("button", name="No", exact=True).click()
        question.wait_for(state="detached")
        self.page.evaluate("window.__interruptions.length = 0")

    # ------------------------------------------------------------------ documents

    def open_text(self, name: str) -> None:
        """Open a text file by its name in the file browser and wait for its content."""
        self._open(name)
        self._shown(".jp-FileEditor .cm-content").wait_for()
        self._until_synchronized()

    def open_notebook(self, name: str) -> None:
        """Open a notebook and wait for its cells."""
        self._open(name)
        self._shown(".jp-Notebook .jp-Cell .cm-content").first.wait_for()
        self._until_synchronized()

    def _open(self, name: str) -> None:
        self.page.locator(f'.jp-DirListing-item[title*="Name: {name}"]').dblclick()

    def _until_synchronized(self) -> None:
        # While a document comes over its WebSocket, the area shows a cover with a spinner.
        self.page.wait_for_selector(".jp-MainAreaWidget .jp-Spinner", state="detached")

    def _shown(self, selector: str) -> Locator:
        """Inside the document that is in front."""
        return self.page.locator(
            f"#jp-main-dock-panel .jp-MainAreaWidget:not(.lm-mod-hidden) {selector}"
        )

    def show(self, name: str) -> None:
        """Bring an open document to the front."""
        self._tab(name).click()

    def _tab(self, name: str) -> Locator:
        return self.page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text=name)

    def close_tab(self, name: str) -> None:
        """Close a document."""
        self._tab(name).locator(".lm-TabBar-tabCloseIcon").click()

    def is_dirty(self, name: str) -> bool:
        """True while the tab shows the mark of unsaved changes."""
        return "jp-mod-dirty" in (self._tab(name).get_attribute("class") or "")

    # ------------------------------------------------------------------ typing and reading

    def put_cursor(self, where: str = "Control+Home", *, cell: int | None = None) -> None:
        """Click into the editor, or into a cell's, and press a key that moves the cursor."""
        self._editor(cell).click()
        self.page.keyboard.press(where)

    def type(self, text: str) -> None:
        """Press the keys of ``text``, one after the other."""
        self.page.keyboard.type(text)

    def save(self) -> None:
        """Press Ctrl+S."""
        self.page.keyboard.press("Control+s")

    def text(self) -> str:
        """The whole text in the editor in front, lines out of sight included."""
        return str(self._editor(None).evaluate(TEXT_OF_EDITOR))

    def cells(self) -> list[str]:
        """The sources of the notebook in front."""
        editors = self._shown(".jp-Notebook .jp-Cell .jp-InputArea-editor .cm-content")
        return list(editors.evaluate_all(TEXTS_OF_EDITORS))

    def outputs(self, cell: int) -> str:
        """What is shown below a cell."""
        return "\n".join(
            self._shown(".jp-Notebook .jp-Cell")
            .nth(cell)
            .locator(".jp-OutputArea-output")
            .all_inner_texts()
        )

    def run_cell(self) -> None:
        """Run the cell with the cursor and stay in it."""
        self.page.keyboard.press("Control+Enter")

    def kernel_is(self, word: str) -> bool:
        """Whether the kernel of the notebook in front says so in the status bar (``Idle``)."""
        return self.page.locator("#jp-main-statusbar", has_text=f"| {word}").count() > 0

    def _editor(self, cell: int | None) -> Locator:
        if cell is None:
            return self._shown(".jp-FileEditor .cm-content")
        return self._shown(".jp-Notebook .jp-Cell .jp-InputArea-editor .cm-content").nth(cell)

    # ------------------------------------------------------------------ what disturbs, who is there

    def interruptions(self) -> list[str]:
        """The texts of all dialogs and notifications since the page was entered."""
        return list(self.page.evaluate("window.__interruptions"))

    def dialogs(self) -> list[str]:
        """The texts of the dialogs that are open now."""
        return self.page.locator(".jp-Dialog").all_inner_texts()

    def people(self) -> str:
        """The text of the collaborators panel."""
        panel = self.page.locator("#jp-collaboration-panel")
        if not panel.is_visible():
            self.page.locator('.lm-TabBar-tab[data-id="jp-collaboration-panel"]').click()
            panel.wait_for()
        return panel.inner_text()

    def set_autosave(self, *, on: bool) -> None:
        """Use the menu entry Settings > Autosave Documents."""
        self.page.locator(".lm-MenuBar-item", has_text="Settings").click()
        entry = self.page.locator(
            '.lm-Menu-item[data-command="docmanager:toggle-autosave"]',
            has_text="Autosave Documents",
        )
        entry.wait_for()
        if ("lm-mod-toggled" in (entry.get_attribute("class") or "")) != on:
            entry.click()
        else:
            self.page.keyboard.press("Escape")

    def screenshot(self, name: str) -> Path:
        """A picture of the window."""
        self._shots.mkdir(parents=True, exist_ok=True)
        file = self._shots / f"{name}.png"
        self.page.screenshot(path=file)
        return file

    def until(self, is_so: Callable[[], bool], what: str, seconds: float = 60.0) -> float:
        """Wait for a condition; returns the seconds that it took."""
        started = time.monotonic()
        while not is_so():
            assert time.monotonic() < started + seconds, f"waited {seconds} s for {what}"
            # Not time.sleep: the page's own messages are handled in this thread.
            self.page.wait_for_timeout(5)
        return time.monotonic() - started


@contextmanager
def opened(url: str, token: str, *, shots: Path) -> Iterator[LabPage]:
    """A browser of its own, with JupyterLab in it; closed at the end."""
    profile = tempfile.mkdtemp(prefix="chromium-")
    with sync_playwright() as playwright:
        context: BrowserContext = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=os.environ.get("RTCD_CHROMIUM", CHROMIUM),
            headless=True,
            args=list(FLAGS),
            viewport={"width": 1280, "height": 800},
        )
        try:
            lab = LabPage(context.pages[0], shots)
            lab.enter(url, token)
            yield lab
        finally:
            context.close()
            shutil.rmtree(profile, ignore_errors=True)


def notebook(*sources: str) -> str:
    """A small notebook file with these code cells."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {},
            "outputs": [],
            "source": source.splitlines(keepends=True),
        }
        for number, source in enumerate(sources)
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, sort_keys=True) + "\n"
