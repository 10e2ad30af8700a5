"""``rtcd pair`` and ``rtcd unpair``: a notebook and its script as two faces of one document."""

from __future__ import annotations

from typing import Any

import click

from rtcd.daemon.control_client import ask
from rtcd.daemon.status import SCHEMA
from rtcd.errors import UsageError
from rtcd_cli.output import line, mark, next_step, safe, show, show_json, table
from rtcd_cli.project_option import chosen_places, folder_option, json_option, project_path

PAIR_SECONDS = 60.0


@click.command()
@click.argument("path", metavar="[FILE]", required=False)
@click.option(
    "--to",
    "to",
    metavar="FORMAT",
    help="py:percent (the default), py:light, md, md:myst, Rmd, R:percent, jl:percent, ...",
)
@click.option("--all", "everything", is_flag=True, help="All notebooks, those to come as well.")
@click.option("--dir", "folder", metavar="DIR", help="Where the texts go, beside each notebook.")
@click.option(
    "--notebook-on-server", "on_server", is_flag=True, help="Keep no notebook in this folder."
)
@folder_option
@json_option
def pair(
    path: str | None,
    to: str | None,
    everything: bool,
    folder: str | None,
    on_server: bool,
    as_json: bool,
) -> None:
    """Edit a notebook as a script, too; without FILE list all pairs.

    FILE is a notebook, which gets a text beside it, or a text, which gets a notebook. Both are the
    same live document from then on: save either, in any editor. Outputs stay with their cells. A
    notebook may have several texts, one of each kind of file.
    """
    places = chosen_places()
    if everything and (path is not None or on_server):
        raise UsageError(
            "--all pairs all notebooks", hint="Leave out the file, or leave out --all."
        )
    if path is None and not everything:
        if to or folder or on_server:
            raise UsageError("which file is to be paired?", hint="Name it, or add --all.")
        _list(ask(places.control_socket, "pairs")["pairs"], as_json=as_json)
        return
    arguments: dict[str, Any] = {"to": to, "dir": folder, "all": everything, "on_server": on_server}
    if path is not None:
        arguments["path"] = project_path(places, path).value
    result = ask(places.control_socket, "pair", arguments, timeout=PAIR_SECONDS)
    if as_json:
        show_json({"schema": SCHEMA, **result})
        return
    for item in result["pairs"]:
        texts = ", ".join(safe(text["path"]) for text in item["texts"])
        show(
            line(
                mark("ok"),
                " ",
                (safe(item["notebook"]), "cyan"),
                " is paired with ",
                (texts, "cyan"),
            )
        )
    for text in result.get("unpaired", ()):
        show(line(mark("ok"), " ", (safe(text), "cyan"), " is a file for itself now."))
    if everything and not result["pairs"]:
        show(line(mark("ok"), " Every notebook that comes into this folder will be paired."))
    if result["pairs"] and result["pairs"][0]["texts"]:
        text = safe(result["pairs"][0]["texts"][0]["path"])
        show(next_step(f"vim {text}", "edit the notebook as a text"))


@click.command()
@click.argument("path", metavar="FILE")
@folder_option
@json_option
def unpair(path: str, as_json: bool) -> None:
    """End a pair; both files stay, each for itself.

    FILE is the notebook, or one of its texts.
    """
    places = chosen_places()
    arguments = {"path": project_path(places, path).value}
    result = ask(places.control_socket, "unpair", arguments, timeout=PAIR_SECONDS)
    if as_json:
        show_json({"schema": SCHEMA, **result})
        return
    for item in result["pairs"]:
        for text in item["texts"]:
            show(
                line(
                    mark("ok"),
                    " ",
                    (safe(item["notebook"]), "cyan"),
                    " and ",
                    (safe(text["path"]), "cyan"),
                    " are two files for themselves now.",
                )
            )


def _list(pairs: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        show_json({"schema": SCHEMA, "pairs": pairs})
        return
    if not pairs:
        show(line("No notebook is paired here."))
        show(next_step("rtcd pair NOTEBOOK", "edit a notebook as a script, too"))
        return
    rows = [
        (safe(item["notebook"]), safe(text["path"]), safe(text["format"]))
        for item in pairs
        for text in item["texts"]
    ]
    show(table(("Notebook", "Text", "Format"), rows))
