"""Real editors in a terminal: open a file, add a line at its end, save, confirm what they ask."""

from __future__ import annotations

from pathlib import Path

from editors.terminal import Terminal

VIM_RELOADS = """\
set autoread
autocmd FileChangedShell * let v:fcs_choice = &modified ? '' : 'reload'
call timer_start(300, {-> execute('silent! checktime')}, {'repeat': -1})
"""
EMACS_RELOADS = """\
(setq auto-revert-interval 1)
(global-auto-revert-mode 1)
"""


class Editor:
    """An editor with a file open. ``settings`` is the text of its configuration file."""

    program = ""
    settings_file = ""

    def __init__(self, home: Path, file: Path, settings: str = "") -> None:
        if settings:
            place = home / self.settings_file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(settings)
        self.file = file
        self.terminal = Terminal(home, self.command(), file.parent)
        self.questions: list[str] = []

    def command(self) -> list[str]:
        """What to run."""
        return [self.program, self.file.name]

    def add_line(self, text: str) -> None:
        """Type a line at the end of the buffer, answering what the editor asks at once."""
        raise NotImplementedError

    def save(self) -> None:
        """Save and say yes to whatever it asks, as somebody does who wants to keep the edit."""
        raise NotImplementedError

    def shows(self, text: str, seconds: float = 45) -> None:
        """Wait until the buffer shows a text."""
        self.terminal.shows(text, seconds=seconds)

    def close(self) -> None:
        """End it without saving."""
        self.terminal.close()


class Vim(Editor):
    """Vim as installed."""

    program = "vim"
    settings_file = ".vimrc"

    def add_line(self, text: str) -> None:
        """``Go``, the text, Escape."""
        self.terminal.keys("G", "o")
        self.terminal.shows("-- INSERT --")
        self.terminal.type(text)
        self.terminal.shows(text)
        self.terminal.keys("Escape")
        self.terminal.wait_for(lambda: "-- INSERT --" not in self.terminal.screen, "normal mode")

    def save(self) -> None:
        """``:w``, then ``y`` if it asks."""
        self.terminal.type(":w")
        self.terminal.keys("Enter")
        if self.terminal.shows("written", "(y/n)?") == "(y/n)?":
            self.questions.append("changed since reading it")
            self.terminal.type("y")
            self.terminal.shows("written")
        if "Press ENTER" in self.terminal.screen:
            self.terminal.keys("Enter")


class Neovim(Vim):
    """Neovim as installed."""

    program = "nvim"
    settings_file = ".config/nvim/init.vim"


class Nano(Editor):
    """GNU nano as installed."""

    program = "nano"
    settings_file = ".nanorc"

    def add_line(self, text: str) -> None:
        """To the end, and the line; nano ends it by itself."""
        self.terminal.keys("M-/")
        self.terminal.type(text)
        self.terminal.shows(text)

    def save(self) -> None:
        """Ctrl-S, then ``y`` if it asks."""
        before = self._said()
        self.terminal.keys("C-s")
        self.terminal.wait_for(lambda: self._said() != before, "nano to answer")
        if "File on disk has changed" in self.terminal.screen:
            self.questions.append("file on disk has changed")
            self.terminal.type("y")
            self.terminal.shows("Wrote")

    def _said(self) -> list[str]:
        """What nano says in its last lines; the number of lines it wrote makes it new each time."""
        signs = ("Wrote", "File on disk has changed")
        return [line for line in self.terminal.screen.splitlines() if any(s in line for s in signs)]


class Emacs(Editor):
    """GNU Emacs in a terminal, as installed."""

    program = "emacs"
    settings_file = ".emacs"

    def command(self) -> list[str]:
        """Without a window of its own."""
        return ["emacs", "-nw", self.file.name]

    def add_line(self, text: str) -> None:
        """To the end; the first key may be answered with a question, which ``y`` answers."""
        self.terminal.keys("M->")
        self.terminal.type(text[0])
        if self.terminal.shows(":**-", "really edit the buffer?") != ":**-":
            self.questions.append("changed on disk; really edit")
            self.terminal.type("y")
        self.terminal.type(text[1:])
        self.terminal.keys("Enter")
        self.terminal.shows(text)

    def save(self) -> None:
        """Ctrl-X Ctrl-S, then ``yes`` if it asks."""
        self.terminal.keys("C-x", "C-s")
        if self.terminal.shows("Wrote", "Save anyway?") != "Wrote":
            self.questions.append("has changed since visited; save anyway")
            self.terminal.type("yes")
            self.terminal.keys("Enter")
            self.terminal.shows("Wrote")


EDITORS: dict[str, type[Editor]] = {editor.program: editor for editor in (Vim, Neovim, Nano, Emacs)}
RELOADING = {"vim": VIM_RELOADS, "nvim": VIM_RELOADS, "emacs": EMACS_RELOADS}
