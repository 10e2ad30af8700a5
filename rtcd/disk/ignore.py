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
        "*~ .#* #*# .*.sw? *.swp *.swo *.swx 4913 .goutputstream-* .~* .*.kate-swp "
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


def _compile(patterns: str) -> re.Pattern[str]:
    # Case is folded: a rule must hold on file systems that do not tell `.GIT` from `.git`.
    parts = (f"(?P<p{n}>{fnmatch.translate(p)})" for n, p in enumerate(patterns.split()))
    return re.compile("|".join(parts), re.IGNORECASE)


_FIXED = tuple((reason, patterns.split(), _compile(patterns)) for reason, patterns in _GROUPS)


@lru_cache(maxsize=65536)
def _fixed_rule(name: str) -> str | None:
    for reason, patterns, compiled in _FIXED:
        found = compiled.match(name)
        if found is not None:
            pattern = patterns[int((found.lastgroup or "p0")[1:])]
            return f"{reason} (built-in rule `{pattern}`)"
    if name.startswith("."):
        return "is hidden (its name starts with a dot)"
    return None


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
        fixed = _fixed_rule(path.name)
        if fixed is not None:
            return fixed
        for files in self._files:
            why = files.why(path, is_folder=is_folder)
            if why is not None:
                return why
        return None


class _Files:
    """All ignore files of one name; a deeper one overrules those above it."""

    def __init__(self, name: str, texts: Mapping[ProjectPath | None, str]) -> None:
        self._name = name
        self._lines: dict[ProjectPath | None, list[str]] = {}
        self._specs: dict[ProjectPath | None, GitIgnoreSpec] = {}
        for folder, text in texts.items():
            lines = text.removeprefix("\ufeff").splitlines()
            self._lines[folder] = lines
            self._specs[folder] = _spec(lines)

    def why(self, path: ProjectPath, *, is_folder: bool) -> str | None:
        if not self._specs:
            return None
        folder = path.parent
        while True:
            spec = self._specs.get(folder)
            if spec is not None:
                decided, why = self._decision(folder, spec, path, is_folder=is_folder)
                if decided:
                    return why
            if folder is None:
                return None
            folder = folder.parent

    def _decision(
        self, folder: ProjectPath | None, spec: GitIgnoreSpec, path: ProjectPath, *, is_folder: bool
    ) -> tuple[bool, str | None]:
        below = path.value if folder is None else path.value[len(folder.value) + 1 :]
        result = spec.check_file(below + "/" if is_folder else below)
        if result.include is None:
            return False, None
        if not result.include:
            return True, None
        file = self._name if folder is None else f"{folder}/{self._name}"
        number = result.index if result.index is not None else 0
        line = self._lines[folder][number].strip()
        return True, f"is excluded by line {number + 1} of {file}: `{line}`"


def _spec(lines: list[str]) -> GitIgnoreSpec:
    """One pattern a line, so that its number tells the line; a broken line matches nothing."""
    usable = []
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            usable.append("")
        else:
            usable.append(line)
    return GitIgnoreSpec.from_lines(usable)
