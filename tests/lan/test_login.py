"""Tokens of servers: in a keyring where there is one, else in a private file."""

from __future__ import annotations

import json

import pytest

from rtcd.lan import login
from rtcd.lan.login import find_token, forget_token, keep_token

URL = "https://hub.example.org/user/ada/"


class FakeKeyring:
    def __init__(self, works=True):
        self.works = works
        self.kept = {}

    def set_password(self, service, name, password):
        if not self.works:
            raise RuntimeError("locked")
        self.kept[service, name] = password

    def get_password(self, service, name):
        if not self.works:
            raise RuntimeError("locked")
        return self.kept.get((service, name))

    def delete_password(self, service, name):
        del self.kept[service, name]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(login, "_keyring", lambda: None)
    return tmp_path


def files(home):
    return sorted((home / "rtcd" / "logins").glob("*")) if (home / "rtcd").exists() else []


def test_without_a_keyring_a_private_file_keeps_it(home):
    assert keep_token(URL, "t0ken") == "file"
    [file] = files(home)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "hub" not in file.name
    assert (find_token(URL), find_token(URL + "x/")) == ("t0ken", None)
    assert (forget_token(URL), forget_token(URL), files(home)) == (True, False, [])


def test_a_keyring_is_preferred_and_nothing_is_left_in_a_file(home, monkeypatch):
    keep_token(URL, "old")
    keyring = FakeKeyring()
    monkeypatch.setattr(login, "_keyring", lambda: keyring)
    monkeypatch.setattr(login, "_errors", lambda: (RuntimeError,))
    assert keep_token(URL, "new") == "keyring"
    assert (find_token(URL), files(home)) == ("new", [])
    assert forget_token(URL)
    assert keyring.kept == {}


def test_a_locked_keyring_falls_back_to_the_file(home, monkeypatch):
    monkeypatch.setattr(login, "_keyring", lambda: FakeKeyring(works=False))
    monkeypatch.setattr(login, "_errors", lambda: (RuntimeError,))
    assert keep_token(URL, "t0ken") == "file"
    assert find_token(URL) == "t0ken"


def test_a_file_of_another_address_is_not_believed(home):
    keep_token(URL, "t0ken")
    [file] = files(home)
    file.write_text(json.dumps({"url": "https://evil.example.org/", "token": "t0ken"}))
    assert find_token(URL) is None
