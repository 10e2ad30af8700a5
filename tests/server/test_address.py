"""Where the server is, from what people type."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.errors import PathRefusedError, UsageError
from rtcd.project_path import ProjectPath
from rtcd.server.address import ServerAddress
from rtcd.server.paths import join_path, quote_path
from rtcd.server.secret import Secret


@pytest.mark.parametrize(
    ("typed", "url", "token"),
    [
        ("http://localhost:8888/", "http://localhost:8888/", ""),
        ("localhost:8888", "http://localhost:8888/", ""),
        ("http://LOCALHOST:8888", "http://localhost:8888/", ""),
        ("http://127.0.0.1:8888/lab?token=abc", "http://127.0.0.1:8888/", "abc"),
        ("http://h/lab/tree/a/lab/b.ipynb?reset", "http://h/", ""),
        ("https://hub/user/NAME/lab/workspaces/x", "https://hub/user/NAME/", ""),
        ("https://hub/user/lab/", "https://hub/user/lab/", ""),
        ("https://h/base/tree#top", "https://h/base/", ""),
        ("http://[::1]:8888/", "http://[::1]:8888/", ""),
        ("https://[FE80::1%25Eth0]:8443/", "https://[fe80::1%Eth0]:8443/", ""),
        ("https://[fe80::1%eth0]:8443/lab", "https://[fe80::1%eth0]:8443/", ""),
        ("https://[fe80::1%25]:8443/", "https://[fe80::1%25]:8443/", ""),
        ("https://[fe80::1%252]:8443/", "https://[fe80::1%2]:8443/", ""),
    ],
)
def test_what_people_copy_is_understood(typed, url, token):
    address = ServerAddress.parse(typed)
    assert (address.url, address.token) == (url, Secret(token))


@pytest.mark.parametrize(
    ("typed", "is_refused"),
    [
        ("http://192.0.2.7:8888/", True),
        ("http://hub.example.org/user/ada/", True),
        ("jupyter:8888", True),
        ("http://127.0.0.1.example.org/", True),
        ("https://hub.example.org/user/ada/", False),
        ("http://localhost:8888/", False),
        ("http://127.0.0.2:8888/", False),
        ("http://[::1]:8888/", False),
    ],
)
def test_a_token_goes_over_https_or_stays_on_this_machine(typed, is_refused):
    address = ServerAddress.parse(typed, "a-token")
    if not is_refused:
        address.refuse_open_token()
        return
    with pytest.raises(UsageError, match="in the open") as refused:
        address.refuse_open_token()
    assert refused.value.code == "open-token"
    assert "ssh -N -L" in refused.value.hint
    assert "a-token" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    "typed",
    ["", "ftp://h/", "http://", "http://me:pw@h/", "http://h:x/", "http://[h/", "file:///x"],
)
def test_what_is_no_address_is_refused_without_repeating_it(typed):
    with pytest.raises(UsageError) as caught:
        ServerAddress.parse(typed)
    assert "pw" not in f"{caught.value.message}{caught.value.hint}"


def test_a_given_token_wins_and_neither_is_shown():
    address = ServerAddress.parse("http://h/?token=first", "second-secret")
    assert address.headers == {"Authorization": "token second-secret"}
    assert "secret" not in f"{address!r} {address} {address.token} {address.token!r}".replace(
        "Secret(", ""
    )
    assert ServerAddress.parse("http://h/").headers == {}


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost/", True),
        ("http://127.0.0.7:1/", True),
        ("http://[::1]/", True),
        ("http://localhost.evil.example/", False),
        ("http://192.168.0.2/", False),
    ],
)
def test_loopback_is_told_from_elsewhere(url, here):
    assert ServerAddress.parse(url).is_loopback is here


def test_urls_keep_the_base_path_and_encode_names():
    address = ServerAddress.parse("https://h/user/ada/")
    assert address.http("api/contents", "a b/ü#?.txt", content="0") == (
        "https://h/user/ada/api/contents/a%20b/%C3%BC%23%3F.txt?content=0"
    )
    assert address.http("api/contents", "") == "https://h/user/ada/api/contents/"
    assert address.websocket("api/x", sessionId="1 2") == "wss://h/user/ada/api/x?sessionId=1+2"
    assert address.origin == "https://h"


@pytest.mark.parametrize("path", ["/a", "a/", "a//b", "../a", "a/./b", "a\0b"])
def test_a_path_that_is_not_plain_is_refused(path):
    """The server gives /a.txt and a.txt two ids, and with them two rooms."""
    with pytest.raises(PathRefusedError):
        quote_path(path)


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_a_name_joins_a_folder_or_is_refused(name):
    try:
        path = join_path("a/b", name)
    except PathRefusedError:
        return
    assert ProjectPath.parse(path).parent == ProjectPath("a/b")


def test_secrets_are_equal_by_value_and_are_not_pickled():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert (bool(Secret("")), bool(Secret("a"))) == (False, True)
    with pytest.raises(TypeError):
        pickle.dumps(Secret("a"))
