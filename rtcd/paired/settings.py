"""Which texts a notebook is paired with, by jupytext's own settings.

The notebook's metadata counts first, then the nearest ``jupytext.toml`` (or one of its other names,
or ``pyproject.toml`` with a section ``[tool.jupytext]``) at or above it inside the project. Python
files with settings are not read: that would run them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtcd.errors import RtcdError
from rtcd.paired.script import ScriptFormat

SETTING_FILES = (
    "jupytext",
    "jupytext.toml",
    "jupytext.yml",
    "jupytext.yaml",
    "jupytext.json",
    ".jupytext",
    ".jupytext.toml",
    ".jupytext.yml",
    ".jupytext.yaml",
    ".jupytext.json",
)
PYPROJECT = "pyproject.toml"
LISTS = re.compile(r"\(one of|Please choose")


class PairSettingsError(RtcdError):
    """Settings of jupytext that cannot be understood."""

    code = "invalid-pair-settings"


@dataclass(frozen=True, slots=True)
class PairedText:
    """A text that a notebook is paired with: its path below the project, and its format."""

    path: str
    format: ScriptFormat


def parse_settings(name: str, text: str) -> Any:  # noqa: ANN401 - jupytext's configuration
    """The settings in a file; None for a ``pyproject.toml`` that has none.

    Raises:
        PairSettingsError: they cannot be understood.
    """
    if name == PYPROJECT and "jupytext" not in text:
        return None
    from jupytext.config import load_jupytext_configuration_file

    try:
        return load_jupytext_configuration_file(name, text)
    except KeyError:
        return None
    except Exception as error:  # jupytext raises what its parsers raise
        raise PairSettingsError(
            f"the settings in {name} cannot be read: {error}",
            hint="Notebooks are paired by them when they are mended.",
        ) from error


def has_formats(metadata: Mapping[str, Any]) -> bool:
    """True when a notebook says itself what it is paired with."""
    jupytext = metadata.get("jupytext")
    return isinstance(jupytext, Mapping) and bool(jupytext.get("formats"))


def paired_texts(
    notebook: str,
    metadata: Mapping[str, Any],
    config: Any,  # noqa: ANN401 - jupytext's configuration
    root: Path,
) -> list[PairedText]:
    """The texts of a notebook, in the order of its formats; none for one that stands alone.

    Args:
        notebook: its path below ``root``, with ``/``.
        metadata: the notebook's.
        config: of ``parse_settings``, or None.
        root: the project folder, absolute.

    Raises:
        PairSettingsError: the formats make no sense for this notebook.
    """
    return [
        PairedText(path.removeprefix(f"{root}/"), ScriptFormat.of(fmt))
        for path, fmt in _pairs(notebook, metadata, config, root)
        if fmt["extension"] != ".ipynb" and path.startswith(f"{root}/")
    ]


def spelled_formats(
    notebook: str,
    metadata: Mapping[str, Any],
    config: Any,  # noqa: ANN401 - jupytext's configuration
    root: Path,
) -> list[tuple[str, str]]:
    """Each face's path below ``root`` with its part of ``formats``, the notebook's own included.

    Raises:
        PairSettingsError: as ``paired_texts``, which has the same arguments.
    """
    pairs = _pairs(notebook, metadata, config, root)
    if not pairs:
        return [(notebook, "ipynb")]
    from jupytext.formats import short_form_one_format

    return [(path.removeprefix(f"{root}/"), str(short_form_one_format(fmt))) for path, fmt in pairs]


def _pairs(
    notebook: str,
    metadata: Mapping[str, Any],
    config: Any,  # noqa: ANN401 - jupytext's configuration
    root: Path,
) -> list[tuple[str, Any]]:
    """Paths, absolute, and formats as jupytext has them."""
    if config is None and not has_formats(metadata):
        return []
    paths = _jupytext_paths(root)
    from jupytext.config import notebook_formats

    full = f"{root}/{notebook}"
    try:
        found = notebook_formats({"metadata": _plain(metadata)}, config, full, False)
        return list(paths(full, {"extension": ".ipynb"}, found)) if found else []
    except Exception as error:  # jupytext raises its own errors, and those of its parsers
        raise PairSettingsError(
            f"{notebook} cannot be paired: {error}",
            hint=f"Run `rtcd pair {notebook} --to py:percent`, or mend its `jupytext` metadata.",
        ) from error


def _jupytext_paths(root: Path) -> Any:  # noqa: ANN401 - a function of jupytext
    """Jupytext's rule for the names of a pair, kept from looking for settings above the project.

    The ceiling is read from the environment when the module is loaded, and once only.
    """
    name = "JUPYTEXT_CEILING_DIRECTORIES"
    before = os.environ.get(name)
    os.environ[name] = str(root)
    try:
        from jupytext.paired_paths import paired_paths
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
    return paired_paths


def _plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in metadata.items()
    }


def checked_format(wanted: str) -> ScriptFormat:
    """A format as people write it: ``py:percent``, ``md``, ``Rmd``.

    Raises:
        PairSettingsError: jupytext knows no such format.
    """
    from jupytext.formats import long_form_one_format, validate_one_format

    try:
        long_form = long_form_one_format(wanted)
        validate_one_format(long_form)
        fmt = ScriptFormat.of(long_form)
        if fmt.extension == ".ipynb":
            raise ValueError("that is the notebook's own")
    except Exception as error:  # jupytext raises what its checks raise
        raise PairSettingsError(
            f"{wanted!r} is no format that a notebook can be paired with: {_in_short(error)}",
            hint="For example py:percent, py:light, md, md:myst, Rmd, R:percent, jl:percent.",
            code="unsupported-format",
        ) from error
    return fmt


def _in_short(error: Exception) -> str:
    """What jupytext says, without its lists of all that it knows."""
    return LISTS.split(str(error))[0].rstrip(" ,.")
