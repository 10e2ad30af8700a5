"""JupyterLab's question before a save: never answered with a false alarm."""

from __future__ import annotations

import hashlib

import httpx
import pytest
from jupyter_server.services.contents.handlers import ContentsHandler, default_handlers

from extension.room_client import headers, joined

pytestmark = pytest.mark.end_to_end

BEFORE_A_SAVE = {"content": "0", "hash": "1"}
WHEN_OPENED = {**BEFORE_A_SAVE, "type": "file", "format": "text"}
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"}


@pytest.fixture
async def http(served):
    async with httpx.AsyncClient(
        timeout=60, base_url=served.address.url, headers=headers(served.address)
    ) as client:
        yield client


async def asked(http, path, query, **more):
    reply = (await http.get(f"api/contents/{path}", params=query, **more)).raise_for_status().json()
    return reply["hash"], reply["last_modified"][:4]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def test_a_browser_is_told_no_change_of_a_live_document(served, http):
    file = served.project / "asked.txt"
    file.write_text("one\n")
    year = (await asked(http, "asked.txt", WHEN_OPENED))[1]
    assert await asked(http, "asked.txt", BEFORE_A_SAVE, headers=BROWSER) == (digest("one\n"), year)
    async with joined(served.address, "asked.txt"):
        file.write_text("two\n")
        assert await asked(http, "asked.txt", BEFORE_A_SAVE, headers=BROWSER) == (None, "1970")


@pytest.mark.parametrize(
    ("query", "more"),
    [(WHEN_OPENED, BROWSER), (BEFORE_A_SAVE, {}), ({**BEFORE_A_SAVE, "content": "1"}, BROWSER)],
    ids=["when opened", "no browser", "with its content"],
)
async def test_every_other_question_gets_the_digest(served, http, query, more):
    (served.project / "others.txt").write_text("one\n")
    async with joined(served.address, "others.txt"):
        found, year = await asked(http, "others.txt", query, headers=more)
    assert found == digest("one\n")
    assert year != "1970"


async def test_checkpoints_folders_and_writing_are_as_ever(served, http):
    made = await http.put(
        "api/contents/put.txt", json={"type": "file", "format": "text", "content": "put\n"}
    )
    assert (made.status_code, (served.project / "put.txt").read_text()) == (201, "put\n")
    assert (await http.post("api/contents/put.txt/checkpoints")).status_code == 201
    assert len((await http.get("api/contents/put.txt/checkpoints")).json()) == 1
    assert "put.txt" in [
        entry["name"] for entry in (await http.get("api/contents")).json()["content"]
    ]
    assert (await http.delete("api/contents/put.txt")).status_code == 204


def test_upstream_still_has_the_places_where_we_step_in():
    assert [handler for _, handler, *_ in default_handlers].count(ContentsHandler) == 1
    assert callable(ContentsHandler._finish_model)
