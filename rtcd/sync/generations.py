"""How far the content of one file has come, and how far disk and server have followed. Pure.

Theory of operation. Every change of the shared document, whoever made it, begins a new generation
of its content. The disk and the server each have the generation that they hold for certain. So
"is everything written?" is a comparison of two numbers and no content is looked at. Whoever writes
notes the generation before it begins and reports that one when it is done: what changed meanwhile
stays unwritten.
"""

from __future__ import annotations


class Generations:
    """Three counters; a side that is not at ``content`` lags behind.

    They begin apart, because nothing is known of a room before it was met.
    """

    def __init__(self) -> None:
        self.content = 0
        self.disk = -1
        self.server = -1

    def changed(self) -> None:
        """The document is another one than before."""
        self.content += 1

    def written(self, generation: int) -> None:
        """Our disk has that generation."""
        self.disk = generation

    def saved(self, generation: int) -> None:
        """The server has saved that generation."""
        self.server = generation

    @property
    def is_unwritten(self) -> bool:
        """True while our disk lags behind."""
        return self.content != self.disk

    @property
    def is_unsaved(self) -> bool:
        """True while the server's file lags behind."""
        return self.content != self.server
