"""What two insertions at one place have in common: the same text that came twice.

A lost link brings the same text once over the network and once over the disk; later each side may
have grown. Whole lines that both have are one line; lines that merely share words such as
``return`` stay apart, because mixing the lines of two people breaks both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from rtcd.diff.sequences import matches, seq_diff

LINE = re.compile(r"[^\n]+|\n")
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
SPACED_TOKEN = re.compile(r"(\s*)(\w+|[^\w\s])")
WORD = re.compile(r"\w+")

MIN_SHARE = 0.7
"""Without a telling word, lines count as the same text when they are this much of one side."""

MIN_IDENTITY = 8
"""A word of so many letters is hardly typed twice; two shorter ones together are not either."""

MAX_LINE_PAIRS = 400
MAX_TOKENS = 20_000


def common_insertion(
    ours: str, theirs: str, known: Collection[str], *, left: str = "", right: str = ""
) -> str:
    """The longest text that both insertions hold, piece by piece in order; often empty.

    Args:
        ours: what one side inserted.
        theirs: what the other side inserted at the same place.
        known: the words of the text around; a word that is not among them is telling: nobody
            types it twice by chance.
        left: the character before the place.
        right: the character behind it.
    """
    if ours == theirs or not ours or not theirs:
        return ours if theirs else ""
    common = _common(ours, theirs, known)
    # A blank that is not needed goes when the sides are compared with the new base.
    if common and left and WORD.fullmatch(left + common[0]):
        common = " " + common
    if common and right and WORD.fullmatch(common[-1] + right):
        common += " "
    return common


def _common(ours: str, theirs: str, known: Collection[str]) -> str:
    shorter, longer = sorted((ours, theirs), key=len)
    if _telling(shorter, known) and _is_end_of(shorter, longer):
        return shorter
    if ours[0] == theirs[0] == "\n" and not ours[-1] == theirs[-1] == "\n":
        # Behind a last line without an end: each inserted line brings the end of the one before.
        common = _common_lines(
            LINE.findall(ours[1:] + "\n"), LINE.findall(theirs[1:] + "\n"), known
        )
        return "\n" + common[:-1] if common.endswith("\n") else ""
    if "\n" in ours or "\n" in theirs:
        return _common_lines(LINE.findall(ours), LINE.findall(theirs), known)
    return _common_words(ours, theirs, known)


def _is_end_of(part: str, whole: str) -> bool:
    """The whole begins or ends with the part, and not in the middle of a word."""
    if whole.startswith(part):
        return not WORD.fullmatch(part[-1] + whole[len(part)])
    return whole.endswith(part) and not WORD.fullmatch(whole[-len(part) - 1] + part[0])


def words_of(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(WORD.findall(text))


def _telling(text: str, known: Collection[str]) -> bool:
    return any(len(word) > 1 and word not in known for word in WORD.findall(text))


# Lines


def _common_lines(ours: Sequence[str], theirs: Sequence[str], known: Collection[str]) -> str:
    mine = [place for place, line in enumerate(ours) if not line.isspace()]
    other = [place for place, line in enumerate(theirs) if not line.isspace()]
    old, new = [ours[place] for place in mine], [theirs[place] for place in other]
    pairs = [(mine[a], other[b]) for a, b in matches(seq_diff(old, new), len(old))]
    pairs = _credible(pairs, ours, min(_weight(old), _weight(new)), known)
    kept: list[str] = []
    at_ours = at_theirs = 0
    for a, b in pairs:
        kept.append(_common_between(ours[at_ours:a], theirs[at_theirs:b], known))
        kept.append(ours[a])
        ends = _common_ends(ours[a + 1 :], theirs[b + 1 :])
        kept.append("\n" * ends)
        at_ours, at_theirs = a + 1 + ends, b + 1 + ends
    kept.append(_common_between(ours[at_ours:], theirs[at_theirs:], known))
    return "".join(kept)


def _common_ends(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """The line end and the blank lines that follow on both sides."""
    count = 0
    for one, two in zip(ours, theirs, strict=False):
        if not one == two == "\n":
            break
        count += 1
    return count


def _weight(lines: Sequence[str]) -> int:
    return sum(len(line.strip()) for line in lines)


def _credible(
    pairs: list[tuple[int, int]], ours: Sequence[str], whole: int, known: Collection[str]
) -> list[tuple[int, int]]:
    """Pairs of equal lines that are the same text: runs with a telling line, or nearly all."""
    if _weight([ours[a] for a, _ in pairs]) >= MIN_SHARE * whole:
        return pairs
    good: list[tuple[int, int]] = []
    run: list[tuple[int, int]] = []
    for a, b in pairs:
        # Two places further, because a line's own end lies between.
        if run and (a - run[-1][0] > 2 or b - run[-1][1] > 2):
            good.extend(_telling_run(run, ours, known))
            run = []
        run.append((a, b))
    good.extend(_telling_run(run, ours, known))
    return good


def _telling_run(
    run: list[tuple[int, int]], ours: Sequence[str], known: Collection[str]
) -> list[tuple[int, int]]:
    return run if any(_telling(ours[a], known) for a, _ in run) else []


def _common_between(ours: Sequence[str], theirs: Sequence[str], known: Collection[str]) -> str:
    """Between equal lines: blank lines, or one line of which the other is a grown version."""
    if all(line == "\n" for line in ours) and all(line == "\n" for line in theirs):
        return "\n" * min(len(ours), len(theirs))
    mine = [line for line in ours if not line.isspace()]
    other = [line for line in theirs if not line.isspace()]
    if len(mine) * len(other) > MAX_LINE_PAIRS:
        return ""
    kept = []
    start = 0
    for line in mine:
        for place in range(start, len(other)):
            shared = _grown(line, other[place], known)
            if shared:
                kept.append(shared)
                start = place + 1
                break
    return _with_ends(kept, ours, theirs)


def _with_ends(kept: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> str:
    """Lines of which both sides have a version, each with its end where both have one."""
    if not kept:
        return ""
    both_end = ours[-1] == "\n" and theirs[-1] == "\n"
    return "\n".join(kept) + ("\n" if both_end else "")


def _grown(ours: str, theirs: str, known: Collection[str]) -> str:
    """What two versions of one line share, or nothing when they are two lines."""
    mine, other = WORD.findall(ours), WORD.findall(theirs)
    shorter, longer = sorted((mine, other), key=len)
    if not shorter or not _telling(" ".join(shorter), known):
        return ""
    if not (_is_within(shorter, longer) or _only_adds(ours, theirs, known)):
        return ""
    return _common_words(ours, theirs, known)


def _is_within(shorter: Sequence[str], longer: Sequence[str]) -> bool:
    left = iter(longer)
    return all(word in left for word in shorter)


def _only_adds(ours: str, theirs: str, known: Collection[str]) -> bool:
    """Both lines go on with further words after the same beginning."""
    old, new = TOKEN.findall(ours), TOKEN.findall(theirs)
    shared = 0
    while shared < min(len(old), len(new)) and old[shared] == new[shared]:
        shared += 1
    if not (shared and old[shared - 1].isspace() and shared > 1 and WORD.match(old[shared - 2])):
        return False
    words = [word for word in WORD.findall("".join(old[:shared])) if word not in known]
    return len(words) > 1 or any(len(word) >= MIN_IDENTITY for word in words)


# Words


def _common_words(ours: str, theirs: str, known: Collection[str]) -> str:
    """Runs of equal words that hold a telling one, each with the blank before it."""
    old, new = _spaced(ours), _spaced(theirs)
    if len(old) > MAX_TOKENS or len(new) > MAX_TOKENS:
        return ""
    # Words only: blanks are everywhere, and would pair words that are not the same.
    gaps = seq_diff([token for _, token in old], [token for _, token in new])
    kept: list[str] = []
    run: list[str] = []
    last = (-1, -1)
    for a, b in matches(gaps, len(old)):
        if (a - 1, b - 1) != last:
            kept.extend(_telling_run_of_words(run, known))
            run = []
        has_blank = (a, b) == (0, 0) or bool(kept or run)
        blank = old[a][0] if has_blank and old[a][0] == new[b][0] else ""
        run.append(blank + old[a][1])
        last = a, b
    kept.extend(_telling_run_of_words(run, known))
    # The blank that keeps the words from what follows.
    common = "".join(kept)
    if common and ours[-1] == theirs[-1] and ours[-1].isspace():
        common += ours[-1]
    return common


def _spaced(text: str) -> list[tuple[str, str]]:
    """Words and signs, each with the blank before it."""
    return [(match[1], match[2]) for match in SPACED_TOKEN.finditer(text)]


def _telling_run_of_words(run: Sequence[str], known: Collection[str]) -> Sequence[str]:
    return run if _telling("".join(run), known) else ()
