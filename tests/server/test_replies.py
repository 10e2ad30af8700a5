"""What answers mean."""

from __future__ import annotations

import httpx
import pytest

from rtcd.errors import NotFoundOnServerError, ServerRefusedError, ServerUnreachableError
from rtcd.server.replies import ServerBusyError, check_reply, error_of_status, json_of

URL = "http://server.example/user/ada/"


def error(status, body=b"", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_of_status(status, named, body, url=URL, what="read a.txt")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "server"),
        (401, "server-refused"),
        (403, "server-refused"),
        (404, "not-on-server"),
        (409, "exists"),
        (413, "too-large"),
        (423, "locked"),
        (429, "server-busy"),
        (500, "server"),
        (502, "server-unreachable"),
        (503, "server-unreachable"),
        (504, "server-unreachable"),
    ],
)
def test_every_status_is_an_error_with_a_stable_word(status, code):
    assert error(status).code == code


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("-3", 0.0),
        ("99999999", 3600.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 5.0),
        ("", 5.0),
    ],
)
def test_a_busy_server_says_how_long(value, seconds):
    busy = error(429, Retry_After=value)
    assert isinstance(busy, ServerBusyError)
    assert busy.retry_after == seconds


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("/user/ada/login?next=x", ServerRefusedError),
        ("http://server.example/hub/login", ServerRefusedError),
        ("http://portal.example/login", ServerUnreachableError),
        ("https://server.example/user/ada/", ServerUnreachableError),
        ("/elsewhere", ServerUnreachableError),
        ("", ServerUnreachableError),
    ],
)
def test_a_redirect_is_never_followed(location, kind):
    assert type(error(302, Location=location)) is kind


def test_the_servers_own_words_are_passed_on_but_not_endlessly():
    told = error(400, b'{"message": "Cannot create hidden file"}').message
    assert told == "the server could not read a.txt (status 400: Cannot create hidden file)"
    assert len(error(500, b'{"message": "%s"}' % (b"x" * 10_000)).message) < 300
    assert error(500, b"<html>") is not None


def reply(content, status=200):
    return httpx.Response(status, content=content, request=httpx.Request("GET", URL))


def test_json_is_read():
    assert json_of(check_reply(reply(b'{"a": [1]}'), "x")) == {"a": [1]}


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (b'<html><input type="password" name="password"></html>', ServerRefusedError),
        (b"<html>Welcome to the hotel's network</html>", ServerUnreachableError),
        (b"", ServerUnreachableError),
        (b"[" * 100_000, ServerUnreachableError),
    ],
    ids=["login", "portal", "nothing", "deep"],
)
def test_a_page_in_place_of_json_is_an_error(page, kind):
    with pytest.raises(kind):
        json_of(reply(page))


def test_not_found_is_its_own_error():
    with pytest.raises(NotFoundOnServerError):
        check_reply(reply(b"", 404), "read a.txt")
