"""Jupyter's checkpoints, kept out of the project folder.

The stock classes can only put them into a folder beside each file (or, told an absolute folder,
into one heap where equal names overwrite each other). These mirror the tree of the project.
"""

from __future__ import annotations

from pathlib import Path

from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints, FileCheckpoints


class MirroredCheckpointPath:
    """Where a checkpoint lies below ``checkpoint_dir``, which must be an absolute folder."""

    checkpoint_dir: str

    def checkpoint_path(self, checkpoint_id: str, path: str) -> str:
        """The file that holds one checkpoint; its folder is made."""
        # The server has refused `..` before; taking it out here costs nothing.
        names = [name for name in path.split("/") if name not in ("", ".", "..")]
        folder = Path(self.checkpoint_dir, *names[:-1])
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = Path(names[-1])
        return str(folder / f"{name.stem}-{checkpoint_id}{name.suffix}")


class OutsideCheckpoints(MirroredCheckpointPath, FileCheckpoints):
    """For contents managers that do not use asyncio."""


class AsyncOutsideCheckpoints(MirroredCheckpointPath, AsyncFileCheckpoints):
    """For those that do, Jupyter's default among them."""
