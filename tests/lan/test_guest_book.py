"""Who may come in: a token each, taken back each."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from rtcd.errors import RtcdError
from rtcd.lan.guest_book import MAX_GUESTS, GuestBook, NoSuchGuestError


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(tmp_path, clock):
    return GuestBook(tmp_path / "share", clock)


def test_every_guest_has_a_token_of_their_own(book):
    (grace, hers), (alan, his) = book.admit("Grace", "rtcd", "a"), book.admit("Alan", "rtcd", "b")
    assert hers != his
    assert (book.who(hers), book.who(his), book.who("neither")) == (grace, alan, None)
    assert len(hers) >= 43, "256 bits"


def test_a_revoked_guest_is_out_and_the_others_stay(book):
    (_, hers), (alan, his) = book.admit("Grace", "rtcd", "a"), book.admit("Alan", "rtcd", "b")
    assert book.revoke("Grace").name == "Grace"
    assert (book.who(hers), book.who(his)) == (None, alan)
    with pytest.raises(NoSuchGuestError) as caught:
        book.revoke("Grace")
    assert "Alan" in caught.value.hint


def test_who_else_changes_the_file_is_believed(book, tmp_path, clock):
    _, token = book.admit("Grace", "rtcd", "a")
    assert book.who(token) is not None
    GuestBook(tmp_path / "share", clock).revoke("Grace")
    assert book.who(token) is None


def test_the_file_is_private_and_holds_no_token(book, tmp_path):
    _, token = book.admit("Grace", "rtcd", "a")
    file = tmp_path / "share" / "guests.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert token not in file.read_text()


def test_a_file_that_others_could_have_written_lets_nobody_in(book, tmp_path):
    _, token = book.admit("Grace", "rtcd", "a")
    (tmp_path / "share" / "guests.json").chmod(0o622)
    with pytest.raises(RtcdError):
        GuestBook(tmp_path / "share").who(token)


def test_a_broken_file_lets_nobody_in(book, tmp_path):
    _, token = book.admit("Grace", "rtcd", "a")
    file = tmp_path / "share" / "guests.json"
    os.truncate(file, 20)
    assert GuestBook(tmp_path / "share").who(token) is None


def test_who_never_came_lapses_and_who_came_does_not(book, clock):
    (grace, hers), (_, his) = book.admit("Grace", "rtcd", "a"), book.admit("Alan", "rtcd", "b")
    book.note_seen(grace, "192.0.2.7")
    clock.now += 901
    assert [guest.name for guest in book.guests()] == ["Grace"]
    assert (book.who(hers).address, book.who(his)) == ("192.0.2.7", None)


def test_two_people_of_one_name_are_told_apart(book):
    names = [book.admit("Grace", "rtcd", "a")[0].name for _ in range(3)]
    assert names == ["Grace", "Grace (2)", "Grace (3)"]
    assert book.admit("", "browser", "a")[0].name == "guest"


def test_there_is_an_end_to_guests(book):
    for number in range(MAX_GUESTS):
        book.admit(f"guest {number}", "rtcd", "a")
    with pytest.raises(RtcdError):
        book.admit("one more", "rtcd", "a")


def test_two_processes_at_once_lose_nobody(tmp_path, clock):
    def admit(number):
        GuestBook(tmp_path / "share", clock).admit(f"guest {number}", "rtcd", "a")

    threads = [threading.Thread(target=admit, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {guest.name for guest in GuestBook(tmp_path / "share", clock).guests()}
    assert names == {f"guest {number}" for number in range(12)}
