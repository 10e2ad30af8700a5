"""Which version a save was made from (merging 4).

An editor that had an old version loaded and saves it takes back, without knowing, everything others
wrote since. So each save is merged at the version it was made from. Evidence from outside decides
first (a version nobody read cannot be a base), then the smallest explanation. Where a mistake is
possible the side is taken on which nothing is lost: a wrong "old" leaves text that somebody
deletes once more, a wrong "new" deletes a colleague's work without a word.

One case goes the other way. Between a save and the next one of the same program nobody else's work
lies: a line that was added, saved and taken out again is an ordinary deletion, and must not come
back. So the search never ends *behind* a save that was itself made from the version found, unless
that save looks like another program's (see ``own_saves.is_of_two_programs``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from rtcd.content import Content
from rtcd.merge.appending import appended_to
from rtcd.merge.candidates import BaseChoice, Candidate, Evidence
from rtcd.merge.comparison import Comparison
from rtcd.merge.kept_parts import CLEAR_REVERSAL, has_a_part, proves_reading, takes_back
from rtcd.merge.own_saves import is_of_two_programs, last_of_own_saves
from rtcd.merge.sameness import same_meaning
from rtcd.merge.tokens import TokenCache

GIT_SECONDS: Final = 0.25
"""What others wrote this short before a checkout was not there when git looked: it stays."""

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

    @cached_property
    def compared(self) -> Comparison:
        """The contents as tokens; made only when nothing simpler decides."""
        return Comparison(self.save, [one.content for one in self.candidates], self.tokens)

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
        place = appended_to(self.save, self.candidates)
        if place is None or self._last_of_own_saves(place) != place:
            return None
        if any(one.own_save or one.read is not False for one in self.candidates[place + 1 :]):
            return None
        return BaseChoice(index=place, why="The save adds to the end of this version.")

    # A save that is new

    def _scored(self) -> BaseChoice:
        possible = self._possible()
        index = self._proven(self._cheapest(possible), possible)
        is_known_unread = self.evidence.newest_read_by_saver is False
        if self.newest not in possible and not is_known_unread and self._newest_was_read(index):
            why = "The save holds what only the newest version had, so somebody has read it."
            return BaseChoice(index=self.newest, why=why)
        last = self._last_of_own_saves(index)
        if last != index and self._is_of_two_programs(index, last):
            why = "The save lacks what another program saved here; both are kept."
            return BaseChoice(index=index, why=why, conflict="stale-save")
        if self._takes_back_a_part(last, possible):
            name = "the newest" if last == self.newest else "an older"
            why = f"The save was made from {name} version and takes back a part of it."
            return BaseChoice(index=last, why=why, conflict="stale-save")
        if last == self.newest:
            return BaseChoice(index=last, why="The save was made from the newest version.")
        if last >= possible[-1]:
            why = "The save was made from an older version; nobody here has seen the newer ones."
            return BaseChoice(index=last, why=why)
        if has_a_part(self.compared, last, possible[-1]):
            why = "The save has a part of the newer changes and lacks others; all are kept."
            return BaseChoice(index=last, why=why, conflict="stale-save")
        why = "The save is closest to an older version; the newer changes are kept."
        return BaseChoice(index=last, why=why)

    def _takes_back_a_part(self, base: int, possible: Sequence[int]) -> bool:
        """The save lacks some of what others have brought up to its base."""
        if self.candidates[base].own_save:
            return False
        return any(takes_back(self.compared, older, base) for older in possible if older < base)

    def _possible(self) -> list[int]:
        """Places of the versions that can be the base: saved here, or perhaps read by somebody."""
        appended = appended_to(self.save, self.candidates)
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

    def _cheapest(self, possible: Sequence[int]) -> int:
        """The version that explains the save best; of equals the newest that takes no text back.

        Who replaces what somebody else deletes at the same time seems to know that deletion, and
        this can outweigh a line of theirs that the save lacks. Nothing is lost without it.
        """
        newest, *equals = self.compared.cheapest(possible)
        for place in equals:
            news = self.compared.news(place, newest)
            if news.missing and not news.kept:
                return place
        return newest

    def _proven(self, index: int, possible: Sequence[int]) -> int:
        """This version, or an older own save if nothing of the news since then is in the save.

        At a place that both changed, the save has neither what was there nor the news, and both
        explain it. That somebody here had the older one loaded is certain, and nothing can be
        lost by taking it.
        """
        own = [older for older in possible if older < index and self.candidates[older].own_save]
        for place in reversed(own):
            if self.compared.keeps(place, index, CLEAR_REVERSAL):
                continue
            news = self.compared.news(place, index)
            if not news.kept and news.missing + news.replaced:
                index = place
        return index

    def _holds_all_of(self, displaced: int) -> bool:
        """The save has everything that a swapped-out save had brought.

        That one was on disk for a moment only. An editor goes on from what it holds in memory,
        but a program that reads the file again has read what was there instead; lines that look
        alike (a log) would make such a save seem to replace the one before.
        """
        base = self.candidates[displaced].base
        if base is None:
            return False
        if self.compared.reversal(base, displaced) <= -1.0:
            return True
        # Counting tokens is misled by parts that repeat; tokens of its own are not.
        return self.compared.has_all_of_its_own(base, displaced)

    def _newest_was_read(self, index: int) -> bool:
        """The newest version counts as unread, and yet the save has what it brought."""
        is_displaced = self.candidates[self.newest].displaced
        return not is_displaced and proves_reading(self.compared, index, self.newest)

    # Saves of this disk

    def _last_of_own_saves(self, index: int) -> int:
        return last_of_own_saves(self.candidates, index)

    def _is_of_two_programs(self, index: int, last: int) -> bool:
        return is_of_two_programs(
            *self.compared.lines(index, last),
            tokens=self.compared.step(index, last).distance,
            age=self.candidates[last].age,
        )
