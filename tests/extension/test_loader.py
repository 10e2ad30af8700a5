"""What the loader saves is what the room holds now, however long a daemon was waited for."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from rtcd.extension.loader import CarefulFileLoader, SharedByLoaders
from rtcd.extension.unloaded import Unloaded


async def test_a_content_that_has_become_old_meanwhile_is_not_saved() -> None:
    """A daemon that died brought somebody's save into the room after the content was taken."""

    async def now() -> str:
        return "typed, and saved on disk"

    loader = CarefulFileLoader.__new__(CarefulFileLoader)
    document = SimpleNamespace(aget=now)
    other = SimpleNamespace(_file_format="json", _file_type="notebook", _document=None)
    room = SimpleNamespace(_file_format="text", _file_type="file", _document=document)
    loader._rooms = {"other": other, "this": room}  # type: ignore[dict-item]
    model = {"format": "text", "type": "file", "content": "typed"}
    found = await loader._now_in_room(model)
    assert found == {**model, "content": "typed, and saved on disk"}


class Interrupted(AsyncLargeFileManager):
    """Somebody saves right after the server did."""

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        saved: dict[str, Any] = await super().save(model, path)
        (Path(self.root_dir) / path).write_text("somebody else's")
        return saved


async def saved_by(manager: AsyncLargeFileManager) -> dict[str, Any]:
    ids = SimpleNamespace(get_path=lambda _id: "a.txt")
    shared = SharedByLoaders(
        file_id_manager=ids,  # type: ignore[arg-type]
        contents_manager=manager,
        log=logging.getLogger(__name__),
        poll_interval=1.0,
        give_up_after=None,
    )
    loader = CarefulFileLoader("id", shared, projects=None, unloaded=Unloaded())  # type: ignore[arg-type]
    model = {"format": "text", "type": "file", "content": "the room's"}
    saved = await loader._save_content_at_path(model, "a.txt")
    assert saved["hash"] == loader._known_digest
    await loader.clean()
    return saved


async def test_the_bytes_of_somebody_who_saved_right_after_are_not_known(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert (await saved_by(AsyncLargeFileManager(root_dir=root)))["hash"] is not None
    assert (await saved_by(Interrupted(root_dir=root)))["hash"] is None
    assert (tmp_path / "a.txt").read_text() == "somebody else's"
