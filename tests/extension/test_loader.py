"""What the loader saves is what the room holds now, however long a daemon was waited for."""

from __future__ import annotations

from types import SimpleNamespace

from rtcd.extension.loader import CarefulFileLoader


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
