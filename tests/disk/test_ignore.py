"""What is not shared, and the sentence that says why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.disk.ignore import IgnoreRules
from rtcd.project_path import ProjectPath


def at(path: str) -> ProjectPath:
    return ProjectPath.parse(path)


def is_shared(rules: IgnoreRules, path: str) -> bool:
    return rules.why_ignored(at(path.rstrip("/")), path.endswith("/")) is None


@pytest.mark.parametrize(
    "path",
    [
        ".git/",
        ".git/config",
        ".hg/",
        ".svn/",
        ".jj/",
        "sub/.git/hooks/pre-commit",
        ".GIT/config",
        ".env",
        ".env.local",
        "prod.env",
        "server.pem",
        "tls.key",
        "id_rsa",
        "id_ed25519.pub",
        ".ssh/",
        ".ssh/config",
        ".netrc",
        ".aws/credentials",
        ".kube/config",
        ".npmrc",
        ".pypirc",
        "credentials",
        "credentials.json",
        "passwords.kdbx",
        ".jupyter/",
        ".jupyter_ystore.db",
        ".jupyter_ystore.db-wal",
        ".ipynb_checkpoints/",
        "sub/.ipynb_checkpoints/a-checkpoint.ipynb",
        "__pycache__/",
        "pkg/__pycache__/a.cpython-311.pyc",
        "node_modules/",
        "node_modules/x/index.js",
        ".venv/",
        "venv/",
        "venv/bin/activate",
        ".a.txt.swp",
        "a.swp",
        "a.txt~",
        ".#a.txt",
        "#a.txt#",
        "4913",
        ".goutputstream-AB12CD",
        ".~a.ipynb",
        "a.bak",
        ".a.txt.kate-swp",
        "nb_tmp_jupytext_1234.ipynb",
        "a.sync-conflict-20260101-120000-ABCDEF.txt",
        ".rtcd/",
        ".rtcd/state.db",
        ".rtcdignore",
        ".rtcd-anything",
        ".hidden",
        ".hidden/a.txt",
        "sub/.hidden",
        ".vscode/tasks.json",
        ".gitignore",
        "a.png",
        "data/b.parquet",
        "c.sqlite3",
        "lib.so",
        "lib.so.6",
        "d.PNG",
    ],
)
def test_what_is_never_shared(path: str) -> None:
    assert not is_shared(IgnoreRules(), path)


@pytest.mark.parametrize(
    "path",
    ["report (Ada's conflicted copy 2026-01-31).txt", "report (conflicted copy).txt"],
)
def test_copies_by_other_synchronisers_are_not_shared(path: str) -> None:
    assert not is_shared(IgnoreRules(), path)


@pytest.mark.parametrize(
    "path",
    [
        "a.txt",
        "nb.ipynb",
        "src/",
        "src/main.py",
        "Makefile",
        "README.md",
        "data.csv",
        "page.svg",
        "a.env.py",
        "environment.yml",
        "key.py",
        "keys/",
        "identity.py",
        "gitignore",
        "swp.txt",
        "49130",
        "notes~1",
        "conflict.txt",
        "venvs/",
        "secrets.py",
    ],
)
def test_what_people_edit_is_shared(path: str) -> None:
    assert is_shared(IgnoreRules(), path)


def test_the_sentence_names_the_rule() -> None:
    rules = IgnoreRules(
        {None: "# comment\n\n*.log\nbuild/\n", at("sub"): "/only.txt\n"},
        {None: "drafts/\n"},
    )
    found = {
        path: rules.why_ignored(at(path), False)
        for path in (
            "a.log",
            "build/x/y.txt",
            "sub/only.txt",
            "drafts/a.md",
            "server.pem",
            ".hidden",
            ".git/config",
        )
    }
    assert found == {
        "a.log": "a.log is excluded by line 3 of .gitignore: `*.log`.",
        "build/x/y.txt": "build/x/y.txt is in build, which is excluded by line 4 of .gitignore: "
        "`build/`.",
        "sub/only.txt": "sub/only.txt is excluded by line 1 of sub/.gitignore: `/only.txt`.",
        "drafts/a.md": "drafts/a.md is in drafts, which is excluded by line 1 of .rtcdignore: "
        "`drafts/`.",
        "server.pem": "server.pem may hold a secret (built-in rule `*.pem`).",
        ".hidden": ".hidden is hidden (its name starts with a dot).",
        ".git/config": ".git/config is in .git, which belongs to version control (built-in rule "
        "`.git`).",
    }


@pytest.mark.parametrize(
    ("texts", "shared", "left_out"),
    [
        ({"": "*.log\n!keep.log\n"}, ["keep.log", "sub/keep.log"], ["a.log"]),
        ({"": "/a.txt\n"}, ["sub/a.txt"], ["a.txt"]),
        ({"": "out/\n"}, ["out"], ["out/", "out/a", "sub/out/a"]),
        ({"": "doc/*.txt\n"}, ["doc/sub/a.txt", "x/doc/a.txt"], ["doc/a.txt"]),
        ({"": "doc/**/a.txt\n"}, ["a.txt"], ["doc/a.txt", "doc/x/y/a.txt"]),
        ({"": "*.txt\n", "sub": "!a.txt\n"}, ["sub/a.txt"], ["a.txt", "sub/b.txt"]),
        ({"": "!a.txt\n", "sub": "a.txt\n"}, ["a.txt"], ["sub/a.txt"]),
        ({"sub": "a.txt\n"}, ["a.txt", "other/a.txt"], ["sub/a.txt", "sub/deep/a.txt"]),
        # git: a file cannot be brought back when a folder above it is left out
        ({"": "out/\n!out/keep.txt\n"}, [], ["out/keep.txt"]),
        ({"": "out/*\n!out/keep.txt\n"}, ["out/keep.txt"], ["out/a.txt"]),
        ({"": "\ufeff*.log\r\n# c\r\n"}, ["a.txt"], ["a.log"]),
        ({"": "***\n[broken\n*.log\n"}, [], ["a.log"]),
        ({"": "\\#a\n\\!b\nname\\ \n"}, ["a", "b"], ["!b", "name "]),
    ],
)
def test_the_files_mean_what_they_mean_to_git(
    texts: dict[str, str], shared: list[str], left_out: list[str]
) -> None:
    by_folder = {at(folder) if folder else None: text for folder, text in texts.items()}
    rules = IgnoreRules(by_folder)
    assert [path for path in [*shared, *left_out] if is_shared(rules, path)] == shared


def test_no_file_lifts_a_built_in_rule() -> None:
    rules = IgnoreRules({None: "!.env\n!*.pem\n!.git/\n"}, {None: "!.env\n!.git\n"})
    assert not any(is_shared(rules, path) for path in (".env", "a.pem", ".git/config"))


def test_either_file_leaves_out() -> None:
    rules = IgnoreRules({None: "*.log\n"}, {None: "*.tmp\n!a.log\n"})
    assert not is_shared(rules, "a.log")
    assert not is_shared(rules, "a.tmp")


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1)


@given(names=st.lists(NAMES, min_size=1, max_size=4), text=st.text())
def test_odd_names_and_odd_rules_break_nothing(names: list[str], text: str) -> None:
    if any(name in (".", "..") or len(name.encode()) > 255 for name in names):
        return
    path = ProjectPath("/".join(names))
    why = IgnoreRules({None: text}, {None: text}).why_ignored(path, False)
    assert why is None or str(path) in why


@given(names=st.lists(NAMES, min_size=2, max_size=4))
def test_what_is_in_a_folder_that_is_left_out_is_left_out(names: list[str]) -> None:
    if any(name in (".", "..") or len(name.encode()) > 255 for name in names):
        return
    rules = IgnoreRules({None: "a*\n!ab*\n"})
    path = ProjectPath("/".join(names))
    above = path.parent
    while above is not None:
        if rules.why_ignored(above, True) is not None:
            assert rules.why_ignored(path, False) is not None
        above = above.parent
