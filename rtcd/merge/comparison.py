"""A save beside the versions it may come from, as rows of tokens: who is closest, who has what."""

from __future__ import annotations

from collections.abc import Sequence

from rtcd.content import Content, NotebookContent
from rtcd.merge.equal_parts import without_equal_parts
from rtcd.merge.news import News, news_in
from rtcd.merge.score import Step, cheaper_step, step, step_of_distance
from rtcd.merge.tokens import TokenCache, is_large


class Comparison:
    """Answers questions about one save; versions are named by their places in the list."""

    def __init__(self, save: Content, versions: Sequence[Content], tokens: TokenCache) -> None:
        tokens.expect(len(versions))
        self._has_ids = ids_count(save, versions)
        trimmed = without_equal_parts([save, *versions])
        if trimmed is not None:
            # Made for this one question, so nothing of it is worth remembering.
            tokens = TokenCache()
            tokens.expect(len(versions))
            save, *versions = trimmed
        self._tokens = tokens
        self._save = save
        self._versions = versions
        self._is_coarse = is_large(save)
        self._distances = tokens.distances

    def cheapest(self, places: Sequence[int]) -> list[int]:
        """The versions of these that explain the save best, the newest first.

        Two people who add a cell at one place have not made the same cell, however short it is.
        """
        mine = self._identified(self._save)
        best = [places[-1]]
        row = self._identified(self._versions[best[0]])
        cost = self._step(row, mine).cost
        for place in reversed(places[:-1]):
            other = self._identified(self._versions[place])
            if other == row:
                best[0] = self._closer_in_detail(best[0], place)
                continue
            found: Step | None = cheaper_step(other, mine, cost)
            if found is None:
                continue
            self._distances.add(other, mine, found.distance)
            if found.cost == cost:
                best.append(place)
            else:
                best, row, cost = [place], other, found.cost
        return best

    def step(self, older: int, newer: int) -> Step:
        """What changed from one version to another."""
        before, after, _ = self._rows(older, newer)
        return self._step(before, after)

    def reversal(self, older: int, newer: int) -> float:
        """How much of a step the save takes back, from -1 (nothing) to 1 (all); 0 for no step."""
        return self._reversal(*self._rows(older, newer))

    def keeps(self, older: int, newer: int, share: float) -> bool:
        """The save has so much of a step: the same as ``reversal(older, newer) <= -share``.

        A small save cannot have taken back much of a large step, whatever it did. So old
        versions need no comparison: not with the save, and not even with the newer version, as
        long as it is clear from the saves before that they are far away.
        """
        before, after, save = self._rows(older, newer)
        distances = self._distances
        own = distances.between(after, save)
        for between in (distances.at_least, distances.between):
            step = between(before, after)
            # The way from the older version to the save is no shorter than step - own.
            if step and (own - (step - own)) / step <= -share:
                distances.add_least(before, save, step - own)
                return True
        return self._reversal(before, after, save) <= -share

    def reversal_in_detail(self, older: int, newer: int) -> float:
        """The same where the words of both versions are equal: blanks and outputs count."""
        contents = self._versions[older], self._versions[newer], self._save
        return self._reversal(*map(self._tokens.details, contents))

    def news(self, older: int, newer: int) -> News:
        """What the save has of the step between two versions, change by change."""
        before, after, mine = self._rows(older, newer)
        return news_in(mine, before, after)

    def has_all_of_its_own(self, older: int, newer: int) -> bool:
        """The newer version brought tokens that the older had nowhere, and the save has them all."""
        before, after, mine = map(set, self._rows(older, newer))
        return bool(after - before) and after - before <= mine

    def lines(self, older: int, newer: int) -> tuple[str, ...]:
        """The two versions and the save, with a character for each line."""
        contents = self._versions[older], self._versions[newer], self._save
        return tuple(self._tokens.words(content, coarse=True) for content in contents)

    def _step(self, old: str, new: str) -> Step:
        return step_of_distance(old, new, self._distances.between(old, new))

    def _reversal(self, base: str, newest: str, save: str) -> float:
        distance = self._distances.between
        between = distance(base, newest)
        if not between:
            return 0.0
        return (distance(newest, save) - distance(base, save)) / between

    def _closer_in_detail(self, newer: int, older: int) -> int:
        """Versions of the same words: blanks and quotes, or a notebook's outputs, decide."""
        mine = self._tokens.details(self._save)
        first = step(self._tokens.details(self._versions[newer]), mine)
        second = step(self._tokens.details(self._versions[older]), mine)
        return older if second.cost < first.cost else newer

    def _rows(self, older: int, newer: int) -> tuple[str, ...]:
        return tuple(map(self._words, (self._versions[older], self._versions[newer], self._save)))

    def _words(self, content: Content) -> str:
        return self._tokens.words(content, coarse=self._is_coarse)

    def _identified(self, content: Content) -> str:
        return self._tokens.words(content, coarse=self._is_coarse, ids=self._has_ids)


def ids_count(save: Content, versions: Sequence[Content]) -> bool:
    """Most cells of every version are in the save by their ids: no editor has made these anew."""
    if not isinstance(save, NotebookContent):
        return False
    saved = {cell.id for cell in save.cells} - {None}
    return bool(saved) and all(
        isinstance(one, NotebookContent)
        and 2 * sum(cell.id in saved for cell in one.cells) > min(len(one.cells), len(save.cells))
        for one in versions
    )
