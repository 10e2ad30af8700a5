"""People as awareness states describe them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.rooms.person import Person, clean_name, parse_person, user_state


def test_what_we_say_of_ourselves_has_the_shape_of_jupyterlabs():
    state = user_state("Ada Byron King", "ada")
    assert state == {
        "username": "ada",
        "name": "Ada Byron King",
        "display_name": "Ada Byron King",
        "initials": "AK",
        "avatar_url": None,
        "color": state["color"],
    }
    assert state["color"].startswith("var(--jp-collaborator-color")


def test_a_state_names_a_person():
    state = {"user": user_state("Ada"), "autosave": False, "current": "notebook:a.ipynb"}
    assert parse_person(7, state) == Person(
        client_id=7,
        name="Ada",
        username="Ada",
        client="JupyterLab",
        autosave=False,
        current="notebook:a.ipynb",
    )


@pytest.mark.parametrize("state", [{}, {"user": {}}, {"user": "Ada"}, {"user": {"name": 3}}])
def test_a_state_without_a_name_is_nobody(state):
    assert parse_person(1, state) is None


def test_names_cannot_garble_a_terminal():
    assert clean_name("Ada\x1b[31m\n\tEvil\u202e") == "Ada[31mEvil"
    assert len(clean_name("x" * 10**6)) == 80
    assert clean_name(None) == ""


@given(st.text(), st.one_of(st.none(), st.text()))
def test_any_name_can_be_shown(name, username):
    person = parse_person(1, {"user": user_state(name, username)})
    assert person is None or person.name.isprintable()
