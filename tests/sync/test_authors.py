"""Who wrote what arrives in a room."""

from __future__ import annotations

from rtcd.content import TextContent
from rtcd.documents.open_document import new_document
from rtcd.rooms.person import Person
from rtcd.sync.authors import NOBODY, Authors


def person(client_id: int, name: str, client: str = "JupyterLab") -> Person:
    return Person(client_id=client_id, name=name, username=name, client=client)


def an_update() -> tuple[int, bytes]:
    document = new_document("text")
    document.become(TextContent("typed"))
    return document.shared.client_id, document.shared.update_since()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_insertion_bears_the_name_of_its_writer():
    client, update = an_update()
    authors = Authors(Clock())
    authors.edited(update, [person(client, "Grace"), person(client + 1, "Linus")])
    assert authors.since(0.0) == "Grace (JupyterLab)"


def test_an_edit_by_an_id_nobody_told_is_that_of_the_daemons():
    _, update = an_update()
    authors = Authors(Clock())
    authors.edited(update, [person(1, "Grace"), person(2, "Linus", "rtcd")])
    assert authors.since(0.0) == "Linus (rtcd)"


def test_an_edit_that_cannot_be_told_is_everybodys():
    _, update = an_update()
    authors = Authors(Clock())
    authors.edited(update, [person(1, "Grace"), person(2, "Linus")])
    assert authors.since(0.0) == "Grace (JupyterLab), Linus (JupyterLab)"


def test_who_has_left_is_still_known_and_who_edited_counts_before_who_was_there():
    clock = Clock()
    client, update = an_update()
    authors = Authors(clock)
    assert authors.since(0.0) == NOBODY
    authors.edited(update, [person(client, "Grace")])
    clock.now = 200.0
    authors.meet([person(7, "Linus")])
    assert authors.since(50.0) == "Grace (JupyterLab)"
    assert authors.since(150.0) == "Linus (JupyterLab)"
    assert authors.since(300.0) == "Grace (JupyterLab)"


def test_many_names_are_counted():
    authors = Authors(Clock())
    authors.meet([person(number, f"P{number}") for number in range(9)])
    assert authors.since(0.0) == "P0 (JupyterLab), P1 (JupyterLab), P2 (JupyterLab) and 6 others"
