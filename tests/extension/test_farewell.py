"""The words for closing a WebSocket have to fit into its last frame."""

from __future__ import annotations

import json

import pytest

from rtcd.extension.farewell import MAX_REASON_BYTES, fitting_reason


def upstream(words: str) -> str:
    return json.dumps({"reason": "initialization_error", "reloadable": False, "errorReason": words})


@pytest.mark.parametrize("reason", [None, "", "the server stops", upstream("short"), "ä" * 61])
def test_a_reason_that_fits_stays_as_it_is(reason: str | None):
    assert fitting_reason(reason) == reason


def test_words_that_fit_without_the_rest_are_told_whole():
    words = "`rtcd pair a_long_name.py` makes this text a notebook, too."
    assert json.loads(fitting_reason(upstream(words)) or "") == {
        "reason": "initialization_error",
        "errorReason": words,
    }


@pytest.mark.parametrize("sign", ["x", "ä", "\U0001f600", '"', "\n"])
@pytest.mark.parametrize("wrap", [upstream, str], ids=["JSON", "plain"])
def test_longer_words_are_cut_and_stay_readable(sign: str, wrap):
    told = fitting_reason(wrap(sign * 400)) or ""
    assert MAX_REASON_BYTES - 8 <= len(told.encode()) <= MAX_REASON_BYTES
    words = json.loads(told)["errorReason"] if wrap is upstream else told
    assert words.endswith(f"{sign}...")
    assert set(words) == {sign, "."}
