"""The reader that remembers places agrees with the standard library, and misses no character."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from notebook_files import SPACES, oddly_written
from rtcd.disk.json_meaning import same_meaning
from rtcd.disk.json_spans import Container, read_container, skip_space

TEXTS = ["", "a", "é", "😀", "\\", '"', "\n", "\u2028", "\x1b", "[{,:}]", "a" * 50]


def random_value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(9 if depth < 5 else 7)
    if kind < 3:
        return rng.choice(TEXTS) + rng.choice(TEXTS)
    if kind < 5:
        return rng.choice([0, -1, 12345678901234, 1.0, 1e300, -0.0, float("nan"), float("inf")])
    if kind < 7:
        return rng.choice([None, True, False])
    if kind == 7:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(TEXTS): random_value(rng, depth + 1) for _ in range(rng.randrange(4))}


def check_whole(text: str, container: Container) -> None:
    """The pieces of a container, put together again, are its text; so for all within."""
    brackets = text[container.start], text[container.end - 1]
    assert brackets in (("[", "]"), ("{", "}"))
    inside = ",".join(text[slot.before : slot.after] for slot in container.slots)
    if container.slots:
        assert brackets[0] + inside + brackets[1] == text[container.start : container.end]
    for number, slot in enumerate(container.slots):
        assert slot.number == number
        assert text[slot.before : slot.start].strip(" \t\r\n") == ""
        assert text[slot.end : slot.after].strip(" \t\r\n") == ""
        assert same_meaning(json.loads(text[slot.value_start : slot.end]), slot.value)
        if slot.key is not None:
            head = text[slot.start : slot.value_start]
            assert json.loads(head.rstrip(" \t\r\n:")) == slot.key
        if isinstance(slot.value, list | dict):
            check_whole(text, read_container(text, slot.value_start))


def check_random_values(seed: int, runs: int) -> None:
    rng = random.Random(seed)
    for _ in range(runs):
        value = [random_value(rng)] if rng.random() < 0.5 else {"k": random_value(rng)}
        text = rng.choice(SPACES) + oddly_written(rng, value)
        container = read_container(text, skip_space(text, 0))
        check_whole(text, container)
        values = [slot.value for slot in container.slots]
        whole = values if isinstance(value, list) else {"k": values[0]}
        assert same_meaning(whole, value), text


def test_every_value_is_found_where_it_stands() -> None:
    check_random_values(seed=1, runs=500)


@pytest.mark.long
def test_every_value_is_found_where_it_stands_in_20000_texts() -> None:
    check_random_values(seed=2, runs=20_000)


def test_duplicate_keys_are_all_there_in_order() -> None:
    container = read_container('{"a": 1, "b": 2, "a": 3}', 0)
    assert [(slot.key, slot.value) for slot in container.slots] == [("a", 1), ("b", 2), ("a", 3)]


@pytest.mark.parametrize(
    "text",
    """
    # 1 "a" [ [1 [1, [1,] [,1] [1_2] { {"a" {"a": {"a":1,} {a:1} {1:1} {"a"_1} {"a":1] [1}
    [nul] ["\x01"] ["\\x"] [01] [.5] [+1] ['a'] [1,,2] {"a":} {,} {:1} {"a":1,"b"} {"a":1}} ]
    """.replace("_", " ").split()[1:-2],
)
def test_what_is_no_container_raises_as_the_standard_library_does(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        read_container(text, 0)


def test_mutilated_texts_never_give_a_value_that_the_standard_library_refuses() -> None:
    rng = random.Random(3)
    for _ in range(2000):
        text = oddly_written(rng, [random_value(rng)])
        at = rng.randrange(len(text))
        broken = text[:at] + rng.choice(["", ",", "]", "}", '"', "\\"]) + text[at + 1 :]
        try:
            container = read_container(broken, 0)
        except json.JSONDecodeError:
            continue
        whole = json.loads(broken[: container.end])
        assert same_meaning([slot.value for slot in container.slots], whole)
