"""``IgnoreRules``: what is not shared, and the sentence that says which rule left it out.

Fixed rules come first and no file can lift them: version control, secrets by name, what editors
leave behind, caches. Then hidden names, then the project's own ``.gitignore`` and ``.rtcdignore``.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from functools import lru_cache

from pathspec import GitIgnoreSpec

from rtcd.project_path import ProjectPath

GITIGNORE = ".gitignore"
_MOST_KNOWN = 100_000
RTCDIGNORE = ".rtcdignore"

_GROUPS: tuple[tuple[str, str], ...] = (
    ("belongs to rtcd", ".rtcd*"),
    ("belongs to version control", ".git .hg .svn .jj .bzr CVS _darcs .pijul .fossil"),
    (
        "may hold a secret",
        ".env* *.env *.pem *.key id_* .ssh .gnupg .netrc _netrc .aws .azure .kube .docker .npmrc "
        ".pypirc .pgpass .git-credentials .htpasswd credentials* secrets.y*ml secrets.json secrets.toml "
        "*.kdbx *.p12 *.pfx *.jks *.keystore *.gpg *.ppk",
    ),
    (
        "belongs to the Jupyter server",
        ".jupyter .jupyter_ystore.db* .ipynb_checkpoints .virtual_documents *.jupyter_ystore.db*",
    ),
    (
        "is an editor's backup, lock or temporary file",
        "*~ *.bak .#* #*# .*.sw? *.swp *.swo *.swx 4913 .goutputstream-* .~* .*.kate-swp "
        "*_tmp_jupytext_* .nfs* .fuse_hidden* *.orig *.rej ~$* .*.un~",
    ),
    (
        "is a copy made by another synchroniser",
        "*.sync-conflict-* *(conflicted?copy* *(*?conflicted?copy* .stfolder .stversions "
        ".syncthing.* .dropbox .dropbox.cache *.part *.crdownload",
    ),
    (
        "is a cache or an environment",
        "__pycache__ *.py[cod] node_modules .venv venv .tox .nox .mypy_cache .ruff_cache "
        ".pytest_cache .hypothesis .eggs *.egg-info site-packages .DS_Store Thumbs.db "
        "desktop.ini .Trash-*",
    ),
    (
        "is a binary format",
        "*.png *.jpg *.jpeg *.gif *.bmp *.ico *.tif *.tiff *.webp *.heic *.psd *.pdf *.zip *.gz "
        "*.bz2 *.xz *.zst *.7z *.rar *.tar *.tgz *.whl *.jar *.so *.so.* *.o *.a *.dll *.dylib "
        "*.exe *.class *.bin *.npy *.npz *.pkl *.pickle *.joblib *.h5 *.hdf5 *.parquet *.feather "
        "*.arrow *.db *.db-wal *.db-shm *.db-journal *.sqlite *.sqlite3 *.mp3 *.mp4 *.m4a *.wav "
        "*.ogg *.flac *.avi *.mov *.mkv *.webm *.ttf *.otf *.woff *.woff2 *.eot *.doc *.docx "
        "*.xls *.xlsx *.ppt *.pptx *.odt *.ods *.odp *.pt *.pth *.onnx *.safetensors *.iso *.img",
    ),
)


class _BuiltIn:
    """The fixed rules, sorted by how they are matched: most names need two look-ups.

    Case is folded: a rule must hold on file systems that do not tell ``.GIT`` from ``.git``.
    """

    def __init__(self) -> None:
        self._whole: dict[str, str] = {}
        self._endings: dict[str, str] = {}
        self._others: list[tuple[re.Pattern[str], str]] = []
        for reason, patterns in _GROUPS:
            for pattern in patterns.split():
                self._add(pattern, f"{reason} (built-in rule `{pattern}`)")
        parts = (f"(?:{compiled.pattern})" for compiled, _ in self._others)
        self._any_other = re.compile("|".join(parts), re.IGNORECASE)

    def _add(self, pattern: str, why: str) -> None:
        if not _is_wild(pattern):
            self._whole[pattern.lower()] = why
        elif pattern.startswith("*.") and not _is_wild(pattern[1:]):
            self._endings[pattern[1:].lower()] = why
        else:
            compiled = re.compile(fnmatch.translate(pattern), re.IGNORECASE)
            self._others.append((compiled, why))

    def why(self, name: str) -> str | None:
        """The end of a sentence about a name that a rule matches."""
        folded = name.lower()
        found = self._whole.get(folded)
        place = folded.find(".")
        while found is None and place >= 0:
            found = self._endings.get(folded[place:])
            place = folded.find(".", place + 1)
        if found is not None or not self._any_other.match(name):
            return found
        return next((why for compiled, why in self._others if compiled.match(name)), None)


def _is_wild(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")


_BUILT_IN = _BuiltIn()


@lru_cache(maxsize=65536)
def _fixed_rule(name: str) -> str | None:
    why = _BUILT_IN.why(name)
    if why is None and name.startswith("."):
        return "is hidden (its name starts with a dot)"
    return why


class IgnoreRules:
    """The rules of one project; built from the texts of its ignore files."""

    def __init__(
        self,
        gitignore: Mapping[ProjectPath | None, str] | None = None,
        rtcdignore: Mapping[ProjectPath | None, str] | None = None,
    ) -> None:
        """The texts by the folder (None: the project folder) that each file lies in."""
        self._files = [
            _Files(GITIGNORE, gitignore or {}),
            _Files(RTCDIGNORE, rtcdignore or {}),
        ]
        self._known: dict[tuple[str, bool], str | None] = {}

    def why_ignored(self, path: ProjectPath, is_folder: bool) -> str | None:
        """A sentence naming the rule that leaves the path out, or None: it is shared.

        What lies in a folder that is left out is left out with it, whatever later rules say.
        """
        parts = path.parts
        for depth in range(1, len(parts) + 1):
            here = path if depth == len(parts) else ProjectPath("/".join(parts[:depth]))
            why = self._why(here, is_folder=is_folder or depth < len(parts))
            if why is not None:
                return f"{here} {why}." if here == path else f"{path} is in {here}, which {why}."
        return None

    def _why(self, path: ProjectPath, *, is_folder: bool) -> str | None:
        key = (path.value, is_folder)
        if key not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._find_rule(path, is_folder=is_folder)
        return self._known[key]

    def _find_rule(self, path: ProjectPath, *, is_folder: bool) -> str | None:
        fixed = _fixed_rule(path.name)
        if fixed is not None:
            return fixed
        found = (files.why(path, is_folder=is_folder) for files in self._files)
        return next((why for why in found if why is not None), None)


class _Files:
    """All ignore files of one name; a deeper one overrules those above it."""

    def __init__(self, name: str, texts: Mapping[ProjectPath | None, str]) -> None:
        self._name = name
        self._rules: dict[ProjectPath | None, tuple[GitIgnoreSpec, list[tuple[int, str]]]] = {}
        for folder, text in texts.items():
            lines = _usable_lines(text)
            self._rules[folder] = GitIgnoreSpec.from_lines([line for _, line in lines]), lines

    def why(self, path: ProjectPath, *, is_folder: bool) -> str | None:
        if not self._rules:
            return None
        folder = path.parent
        while True:
            if folder in self._rules:
                decided, why = self._decision(folder, path, is_folder=is_folder)
                if decided:
                    return why
            if folder is None:
                return None
            folder = folder.parent

    def _decision(
        self, folder: ProjectPath | None, path: ProjectPath, *, is_folder: bool
    ) -> tuple[bool, str | None]:
        """Whether the file in this folder has a rule for the path, and why that leaves it out."""
        spec, lines = self._rules[folder]
        below = path.value if folder is None else path.value[len(folder.value) + 1 :]
        result = spec.check_file(below + "/" if is_folder else below)
        if result.include is None or result.index is None:
            return False, None
        if not result.include:
            return True, None
        number, line = lines[result.index]
        file = self._name if folder is None else f"{folder}/{self._name}"
        return True, f"is excluded by line {number} of {file}: `{line}`"


def _usable_lines(text: str) -> list[tuple[int, str]]:
    """The lines with a rule and their numbers; git skips what it cannot read, so do we."""
    found = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        found.append((number, line))
    return found
