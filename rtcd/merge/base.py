"""Which version a save was made from (merging 4).

An editor that had an old version loaded and saves it takes back, without knowing, everything others
wrote since. So each save is merged at the version it was made from. Evidence from outside decides
first (a version nobody read cannot be a base), then the smallest explanation. Where a mistake is
possible the side is taken on which nothing is lost: a wrong "old" leaves text that somebody
deletes once more, a wrong "new" deletes a colleague's work without a word.

One case goes the other way. Between a save and the next one of the same program nobody else's work
lies: a line that was added, saved and taken out again is an ordinary deletion, and must not come
back. So the search never ends *behind* a save that was itself made from the version found, unless
that save looks like another program's (see ``_is_of_two_programs``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtcd.content import Content, TextContent
from rtcd.diff.sequences import seq_diff
from rtcd.merge.candidates import BaseChoice, Candidate, Evidence
from rtcd.merge.sameness import same_meaning
from rtcd.merge.score import Step, cheaper_step, reversal, step
from rtcd.merge.tokens import TokenCache, is_large, without_equal_parts

CLEAR_REVERSAL: Final = 0.8
"""From here on a save takes back all of a step, or nothing of it; between is worth a record."""

PROVEN_READING: Final = -0.9
MIN_PROOF_TOKENS: Final = 3
"""A save that has this much of a version's news was made from it, whatever the watcher missed."""

GIT_SECONDS: Final = 0.25
"""What others wrote this short before a checkout was not there when git looked: it stays."""

AT_ONCE_SECONDS: Final = 1.0
MANY_PLACES: Final = 3
MUCH_TEXT_TOKENS: Final = 30

NO_EVIDENCE: Final = Evidence()


def choose_base(
    save: Content,
    candidates: Sequence[Candidate],
    evidence: Evidence = NO_EVIDENCE,
    *,
    tokens: TokenCache | None = None,
) -> BaseChoice:
    """Decide which of the versions a save was made from; see merging 4.4.

    Args:
        save: what was saved.
        candidates: the versions known, the newest last; at least one.
        evidence: what is known beside them.
        tokens: remembers the tokens of versions from one call to the next.

    Raises:
        ValueError: there is no candidate.
    """
    if not candidates:
        raise ValueError("a base is chosen among at least one version")
    return _Choice(save, candidates, evidence, tokens or TokenCache()).decide()


class _Choice:
    """One decision; every method returns a finished choice or a fact it rests on."""

    def __init__(
        self,
        save: Content,
        candidates: Sequence[Candidate],
        evidence: Evidence,
        tokens: TokenCache,
    ) -> None:
        self.save = save
        self.candidates = candidates
        self.evidence = evidence
        self.tokens = tokens
        self.newest = len(candidates) - 1
        # What is compared by tokens: the contents, without parts that all of them share.
        self.compared_save = save
        self.compared: Sequence[Content] = ()
        self.is_coarse = False

    def decide(self) -> BaseChoice:
        newest = self.newest
        if same_meaning(self.save, self.candidates[newest].content):
            why = "The save is the version that is known already."
            return BaseChoice(index=newest, why=why, nothing_to_apply=True)
        if newest == 0:
            return BaseChoice(index=0, why="Only one version was ever on this disk.")
        if self.evidence.git:
            return BaseChoice(
                index=self._seen_by_git(), why="Git checked this version out on purpose."
            )
        if self.evidence.newest_read_by_saver:
            return BaseChoice(index=newest, why="The saving program had read the newest version.")
        for index in range(newest - 1, -1, -1):
            if same_meaning(self.save, self.candidates[index].content):
                return self._old_version_again(index)
        return self._appended() or self._scored()

    def _seen_by_git(self) -> int:
        """The newest version that git can have seen: it looks first, and writes a moment later."""
        for index in range(self.newest, 0, -1):
            candidate = self.candidates[index]
            is_fresh = candidate.age is not None and candidate.age < GIT_SECONDS
            if candidate.own_save or not is_fresh:
                return index
        return 0

    # A save that is an older version, word for word

    def _old_version_again(self, index: int) -> BaseChoice:
        last = self._last_of_own_saves(index)
        if last == self.newest:
            why = "The editor took back its own last saves; nobody else's work lies between."
            return BaseChoice(index=last, why=why)
        later = [place for place in self._possible() if place > last]
        conflict = "restored-old-version" if later else None
        if last != index:
            why = "The editor took back its own saves; what others wrote since then stays."
            return BaseChoice(index=last, why=why, conflict=conflict)
        if conflict is None:
            why = "The editor saved an old version unchanged; nobody here has seen the newer ones."
        else:
            why = "The save is an old version: restored, or an editor that was behind? Kept both."
        return BaseChoice(index=index, why=why, conflict=conflict, nothing_to_apply=True)

    # A save that adds to a version

    def _appended(self) -> BaseChoice | None:
        """The version that the save adds to, when nobody here has seen a newer one."""
        place = self._appended_to()
        if place is None or self._last_of_own_saves(place) != place:
            return None
        if any(one.own_save or one.read is not False for one in self.candidates[place + 1 :]):
            return None
        return BaseChoice(index=place, why="The save adds to the end of this version.")

    # A save that is new

    def _scored(self) -> BaseChoice:
        self._prepare()
        possible = self._possible()
        index = self._cheapest(possible)
        is_known_unread = self.evidence.newest_read_by_saver is False
        if self.newest not in possible and not is_known_unread and self._proves_reading(index):
            why = "The save holds what only the newest version had, so somebody has read it."
            return BaseChoice(index=self.newest, why=why)
        last = self._last_of_own_saves(index)
        if last != index and self._is_of_two_programs(index, last):
            why = "The save lacks what another program saved here; both are kept."
            return BaseChoice(index=index, why=why, conflict="stale-save")
        if last == self.newest:
            return self._newest(possible)
        if last >= possible[-1]:
            why = "The save was made from an older version; nobody here has seen the newer ones."
            return BaseChoice(index=last, why=why)
        if abs(self._reversal(last, possible[-1])) < CLEAR_REVERSAL:
            why = "The save has a part of the newer changes and lacks others; all are kept."
            return BaseChoice(index=last, why=why, conflict="stale-save")
        why = "The save is closest to an older version; the newer changes are kept."
        return BaseChoice(index=last, why=why)

    def _newest(self, possible: Sequence[int]) -> BaseChoice:
        """The newest version it is; what the save takes back of others' work is recorded."""
        older = [] if self.candidates[self.newest].own_save else possible[:-1]
        for place in reversed(older):
            rows = [self._words(content) for content in self._contents(place, self.newest)]
            if step(rows[0], rows[1]).distance < MIN_PROOF_TOKENS:
                continue
            if reversal(*rows) > -CLEAR_REVERSAL:
                why = "The save was made from the newest version and takes back a part of it."
                return BaseChoice(index=self.newest, why=why, conflict="stale-save")
        return BaseChoice(index=self.newest, why="The save was made from the newest version.")

    def _prepare(self) -> None:
        contents = [candidate.content for candidate in self.candidates]
        self.tokens.expect(len(contents))
        trimmed = without_equal_parts([self.save, *contents])
        if trimmed is None:
            self.compared_save, self.compared = self.save, contents
        else:
            # Made for this one question, so nothing of it is worth remembering.
            self.tokens = TokenCache()
            self.tokens.expect(len(contents))
            self.compared_save, *self.compared = trimmed
        self.is_coarse = is_large(self.compared_save)

    def _possible(self) -> list[int]:
        """Places of the versions that can be the base: saved here, or perhaps read by somebody."""
        appended = self._appended_to()
        possible = [
            place
            for place, candidate in enumerate(self.candidates)
            if (self._holds_all_of(place) if candidate.displaced else candidate.own_save)
            or (candidate.read is not False and not candidate.displaced)
            or place == appended
        ]
        ruled_out = self.evidence.newest_read_by_saver is False
        if ruled_out and not self.candidates[self.newest].own_save:
            possible = [place for place in possible if place != self.newest]
        # A program that reads nothing and only writes: then the newest is as good as any.
        return possible or list(range(len(self.candidates)))

    def _appended_to(self) -> int | None:
        """The newest version that the save only adds to, at its end.

        Who appends (a log, ``>>``) reads nothing and adds to what is there at that moment: that
        nobody read the version says nothing then.
        """
        return next(
            (
                place
                for place in range(self.newest, -1, -1)
                if is_appended_to(self.candidates[place].content, self.save)
            ),
            None,
        )

    def _cheapest(self, possible: Sequence[int]) -> int:
        """The version that explains the save best; the newest of equals."""
        mine = self._words(self.compared_save)
        best = possible[-1]
        row = self._words(self.compared[best])
        cost = step(row, mine).cost
        for place in reversed(possible[:-1]):
            other = self._words(self.compared[place])
            if other == row:
                best = self._closer_in_detail(best, place)
                continue
            found: Step | None = cheaper_step(other, mine, cost - 1)
            if found is not None:
                best, row, cost = place, other, found.cost
        return best

    def _closer_in_detail(self, newer: int, older: int) -> int:
        """Versions of the same words: blanks and quotes, or a notebook's outputs, decide."""
        mine = self.tokens.details(self.compared_save)
        first = step(self.tokens.details(self.compared[newer]), mine)
        second = step(self.tokens.details(self.compared[older]), mine)
        return older if second.cost < first.cost else newer

    def _holds_all_of(self, displaced: int) -> bool:
        """The save has everything that a swapped-out save had brought.

        That one was on disk for a moment only. An editor goes on from what it holds in memory,
        but a program that reads the file again has read what was there instead; lines that look
        alike (a log) would make such a save seem to replace the one before.
        """
        base = self.candidates[displaced].base
        if base is None:
            return False
        return reversal(*map(self._words, self._contents(base, displaced))) <= -1.0

    def _proves_reading(self, index: int) -> bool:
        """The newest version counts as unread, and yet the save has what it brought."""
        if self.candidates[self.newest].displaced:
            return False
        base, newest, mine = map(self._words, self._contents(index, self.newest))
        news = step(base, newest)
        return (
            news.inserted > 0
            and news.distance >= MIN_PROOF_TOKENS
            and reversal(base, newest, mine) <= PROVEN_READING
        )

    def _reversal(self, index: int, newest: int) -> float:
        rows = [self._words(content) for content in self._contents(index, newest)]
        if rows[0] == rows[1]:
            rows = [self.tokens.details(content) for content in self._contents(index, newest)]
        return reversal(*rows)

    def _contents(self, index: int, newest: int) -> tuple[Content, Content, Content]:
        return self.compared[index], self.compared[newest], self.compared_save

    def _words(self, content: Content) -> str:
        return self.tokens.words(content, coarse=self.is_coarse)

    # Saves of this disk

    def _last_of_own_saves(self, index: int) -> int:
        """Follow the saves that were made from this version, one from the other.

        Not through a save that was swapped out at once: a program that reads the file again for
        its next save cannot have seen it, and does not take it back.
        """
        for place in range(index + 1, len(self.candidates)):
            candidate = self.candidates[place]
            if candidate.own_save and candidate.base == index and not candidate.displaced:
                index = place
        return index

    def _is_of_two_programs(self, index: int, last: int) -> bool:
        """Two programs on this disk, or one person who took something back?

        The contents are the same in both cases. One person mostly goes on where the last edit
        was, or takes back one small thing. When the save leaves all places of the step alone that
        it takes back, and that step was large, or in many places, or a moment ago, then there were
        two: an agent that rewrites files, and an editor.
        """
        rows = [self.tokens.words(c, coarse=True) for c in self._contents(index, last)]
        theirs, mine = seq_diff(rows[0], rows[1]), seq_diff(rows[0], rows[2])
        if not mine or not theirs:
            return False
        for their in theirs:
            for my in mine:
                if my.old_start <= their.old_end and their.old_start <= my.old_end:
                    return False
        age = self.candidates[last].age
        if len(theirs) >= MANY_PLACES or (age is not None and age < AT_ONCE_SECONDS):
            return True
        base, saved = (
            self.tokens.words(self.compared[place], coarse=False) for place in (index, last)
        )
        return step(base, saved).distance >= MUCH_TEXT_TOKENS


def is_appended_to(version: Content, save: Content) -> bool:
    """True when a save of a text is that version with something added at its end."""
    return (
        isinstance(version, TextContent)
        and isinstance(save, TextContent)
        and bool(version.text)
        and save.text.startswith(version.text)
    )
