"""Where rtcd keeps its own things: ``.rtcd/`` in the project, and a private folder per project.

Inside the project: history, lock, recovery copies, files being swapped in (mode 0700, ignored by
git). Outside, in the user's state folder (mode 0700): the token, the control socket, the log and
everything of the embedded Jupyter server. Secrets are never inside the project.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from rtcd.errors import RtcdError

INSIDE = ".rtcd"
MAX_SOCKET_PATH_BYTES = 100


@dataclass(frozen=True, slots=True)
class Places:
    """All paths of one project; ``project`` is absolute and free of links."""

    project: Path
    inside: Path
    state: Path

    @classmethod
    def of(cls, project: Path) -> Places:
        """The places of a project folder; makes nothing."""
        real = project.resolve()
        digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:16]
        state = platformdirs.user_state_path("rtcd") / digest
        return cls(project=real, inside=real / INSIDE, state=state)

    @property
    def project_id(self) -> str:
        """A short name of this folder on this machine (16 hex digits)."""
        return self.state.name

    @property
    def database(self) -> Path:
        """History, bases, conflicts."""
        return self.inside / "state.db"

    @property
    def lock(self) -> Path:
        """Held (flock) by the daemon while it lives."""
        return self.inside / "lock"

    @property
    def limbo(self) -> Path:
        """Files being swapped in or just swapped out."""
        return self.inside / "limbo"

    @property
    def recovery(self) -> Path:
        """Copies kept when nobody could merge."""
        return self.inside / "recovery"

    @property
    def token_file(self) -> Path:
        """The server's token, mode 0600."""
        return self.state / "token"

    @property
    def remote_token_file(self) -> Path:
        """The token of a server that runs elsewhere, mode 0600."""
        return self.state / "remote-token"

    @property
    def log_file(self) -> Path:
        """The daemon's log."""
        return self.state / "daemon.log"

    @property
    def supervisor(self) -> Path:
        """Held (flock) by the daemon's parent while it lives."""
        return self.state / "supervisor"

    @property
    def jupyter(self) -> Path:
        """Everything of the embedded Jupyter server that is not the project."""
        return self.state / "jupyter"

    @property
    def control_socket(self) -> Path:
        """The daemon's Unix socket (in the runtime folder where there is one, else in the state folder)."""
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        if runtime and os.path.isdir(runtime):
            path = Path(runtime) / "rtcd" / f"{self.project_id}.sock"
            if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
                return path
        return self.state / "control.sock"

    def make(self) -> None:
        """Create the folders, private to the user.

        Raises:
            RtcdError: one of them belongs to somebody else, or is a link.
        """
        for folder in (self.inside, self.limbo, self.recovery, self.state, self.jupyter):
            make_private_folder(folder)
        if not self.control_socket.parent.exists():
            make_private_folder(self.control_socket.parent)
        ignore = self.inside / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")


def make_private_folder(folder: Path) -> None:
    """Make a folder of mode 0700, or check the one that is there.

    Raises:
        RtcdError: it is a link, no folder, or belongs to another user.
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise RtcdError(
            f"{folder} is not a folder of yours",
            hint="Move it away; rtcd keeps private data there.",
        )
    if found.st_mode & 0o077:
        folder.chmod(0o700)


def find_project(start: Path) -> Path:
    """The nearest folder at or above ``start`` that holds ``.rtcd/``, else ``start`` itself."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / INSIDE).is_dir():
            return folder
    return start
