"""What others' packages load and nobody here calls, kept out. Call it before they are imported."""

from __future__ import annotations

import sys

UNUSED_BY_HTTPX = ("httpx._main", "sniffio")
UNUSED_BY_JSONSCHEMA = ("rfc3987_syntax",)


def leave_out_extras() -> None:
    """For the daemon and the command line, once a process.

    httpx would load a command line of its own, with all that this needs. And its transport looks for
    ``sniffio`` several times a request, all along the path each time when it is not installed (a
    third of the CPU of a request, measured). Our loops are asyncio's anyway.
    """
    _leave_out(UNUSED_BY_HTTPX)
    leave_out_iri_grammar()


def leave_out_iri_grammar() -> None:
    """For every process that loads jsonschema, as a Jupyter server, nbformat and jupytext do.

    jsonschema loads ``rfc3987_syntax`` where it is installed, to check texts that call themselves
    ``iri``. That package builds a whole parser when it is imported, a second and more of a processor
    (measured with rfc3987-syntax 1.1.0). No schema of a notebook or a Jupyter server asks for that
    check, and jsonschema does without where the package is missing: so here it is missing.
    """
    _leave_out(UNUSED_BY_JSONSCHEMA)


def _leave_out(modules: tuple[str, ...]) -> None:
    for unused in modules:
        sys.modules.setdefault(unused, None)  # type: ignore[arg-type]
