"""Outputs of two runs as one edit."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from notebook_samples import image, stream
from rtcd.diff.json_edits import same_json
from rtcd.diff.outputs import OutputsEdit, StreamEdit, diff_outputs


def applied(old: list[dict[str, Any]], edit: OutputsEdit) -> list[dict[str, Any]]:
    """What JupyterLab shows: removals in place, then the last one edited, then appended ones."""
    outputs = list(old)
    if edit.stream is not None:
        assert edit.stream.index == len(old) - 1
        said = outputs[-1]["text"][: edit.stream.keep] + edit.stream.text
        outputs[-1] = {**outputs[-1], "text": said}
    outputs = [item for place, item in enumerate(outputs) if place not in edit.removed]
    return [*outputs, *edit.added]


def test_equal_outputs_give_no_edit() -> None:
    assert not diff_outputs([stream("a\n"), image("A")], [stream("a\n"), image("A")])


def test_a_stream_that_only_grew_is_appended_to() -> None:
    edit = diff_outputs([stream("epoch 1")], [stream("epoch 1, loss 3\nepoch 2\n")])
    assert edit == OutputsEdit(stream=StreamEdit(0, 7, ", loss 3\nepoch 2\n"))


def test_a_changed_stream_keeps_only_whole_lines() -> None:
    """Characters of two runs are never mixed."""
    edit = diff_outputs([stream("loaded\ntook 13 s\n")], [stream("loaded\ntook 18 s\nok\n")])
    assert edit == OutputsEdit(stream=StreamEdit(0, 7, "took 18 s\nok\n"))


def test_a_stream_of_another_name_is_another_output() -> None:
    edit = diff_outputs([stream("a\n")], [stream("a\nb\n", "stderr")])
    assert edit == OutputsEdit((0,), None, (stream("a\nb\n", "stderr"),))


def test_an_image_that_changed_is_replaced_whole_and_the_others_stay() -> None:
    edit = diff_outputs([image("A"), image("B")], [image("A"), image("C")])
    assert edit == OutputsEdit((1,), None, (image("C"),))


def test_only_the_last_stream_is_edited_in_place() -> None:
    """JupyterLab applies every change of stream text to the last output."""
    edit = diff_outputs([stream("a\n"), image("A")], [stream("a\nb\n"), image("A")])
    assert edit == OutputsEdit((0, 1), None, (stream("a\nb\n"), image("A")))


def test_an_output_that_went_takes_no_other_with_it() -> None:
    assert diff_outputs([image("A"), image("B")], [image("B")]) == OutputsEdit((0,))


def test_a_stream_that_stays_is_not_edited_into_the_next_one() -> None:
    edit = diff_outputs([image("A"), stream("a\n")], [stream("a\n"), stream("a\nb\n")])
    assert edit == OutputsEdit((0,), None, (stream("a\nb\n"),))


OUTPUTS = st.lists(
    st.one_of(
        st.builds(stream, st.sampled_from(["", "a", "a\n", "a\nb", "a\nb\nc\n", "c\n"])),
        st.builds(stream, st.sampled_from(["a\n", "b\n"]), st.just("stderr")),
        st.builds(image, st.sampled_from("ABC")),
        st.just({"output_type": "stream", "name": "stdout"}),
    ),
    max_size=5,
)


@given(OUTPUTS, OUTPUTS)
def test_the_edit_gives_the_new_outputs_as_jupyterlab_shows_them(
    old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> None:
    edit = diff_outputs(old, new)
    assert applied(old, edit) == new
    assert bool(edit) is not same_json(old, new)
