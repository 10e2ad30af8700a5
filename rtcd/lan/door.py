"""``Door``: the codes that are open, and who may try them. Pure: the clock is an argument.

A code lives ten minutes, lets one guest in, and is burned by one wrong guess. Greetings cost the
host some milliseconds of arithmetic, so they are limited per address and in all; attempts that nobody
finishes are forgotten after half a minute. After three burned codes in an hour no new one is made:
somebody on the network guesses, and each new code would be one more guess.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from rtcd.errors import RtcdError
from rtcd.lan.exchange import Entropy, HostExchange, WrongProofError
from rtcd.lan.exchange_states import OFFER, OfferState, OfferTurn, move
from rtcd.lan.join_code import Choose, JoinCode
from rtcd.lan.rate import Rate, SourceRates

LIFETIME_SECONDS = 600.0
ATTEMPT_SECONDS = 30.0
MAX_ATTEMPTS = 16
MAX_ATTEMPTS_EACH = 4
MAX_BURNED_PER_HOUR = 3
GREETINGS_EACH = Rate(burst=5, per_second=0.2)
GREETINGS = Rate(burst=10, per_second=1)

Purpose = Literal["join", "browser"]
Refusal = Literal["no-offer", "too-often", "wrong-code"]


class RefusedError(RtcdError):
    """The door stays shut; ``code`` is a stable word."""


class TooManyGuessesError(RtcdError):
    """Codes were burned too often lately."""

    code = "too-many-guesses"


@dataclass(slots=True)
class Offer:
    """One code's life; times in seconds of the door's clock. ``by`` is who used or burned it."""

    code: JoinCode = field(repr=False)
    purpose: Purpose
    expires: float
    state: OfferState = OfferState.OPEN
    by: str | None = None


@dataclass(slots=True)
class _Attempt:
    exchange: HostExchange
    offer: Offer
    source: str
    until: float


@dataclass(frozen=True, slots=True)
class Admission:
    """A guest that proved the code: what it told, and how it is answered."""

    told: dict[str, Any]
    source: str
    answer: Callable[[dict[str, Any]], tuple[bytes, bytes]]


class Door:
    """One host's codes.

    Args:
        clock: seconds, monotonic.
        entropy: random bytes.
        choose: draws one item of a sequence.
    """

    def __init__(self, clock: Callable[[], float], entropy: Entropy, choose: Choose) -> None:
        self._clock = clock
        self._entropy = entropy
        self._choose = choose
        self._offers: dict[Purpose, Offer] = {}
        self._attempts: dict[str, _Attempt] = {}
        self._burned_at: list[float] = []
        self._rates = SourceRates(GREETINGS_EACH, GREETINGS, clock())

    def offer(self, purpose: Purpose, taken: Collection[int] = ()) -> Offer:
        """Make a new code; the one of the same purpose before it is taken back.

        Raises:
            TooManyGuessesError: three were burned in the last hour.
        """
        now = self._clock()
        self._burned_at = [at for at in self._burned_at if now - at < 3600]
        if len(self._burned_at) >= MAX_BURNED_PER_HOUR:
            minutes = int((3600 - (now - self._burned_at[0])) // 60) + 1
            raise TooManyGuessesError(
                f"{len(self._burned_at)} codes were spoiled by wrong guesses within an hour",
                hint=f"Somebody on your network may be guessing. The next code in {minutes} min.",
            )
        self.withdraw(purpose)
        in_use = {offer.code.number for offer in self._offers.values() if self._is_open(offer)}
        made = Offer(
            JoinCode.make(self._choose, {*taken, *in_use}), purpose, now + LIFETIME_SECONDS
        )
        self._offers[purpose] = made
        return made

    def withdraw(self, purpose: Purpose) -> None:
        """Take an open code back."""
        found = self._offers.get(purpose)
        if found is not None and self._is_open(found):
            self._turn(found, OfferTurn.TAKEN_BACK)

    def look(self, purpose: Purpose) -> Offer | None:
        """The latest code of this purpose and how it stands."""
        found = self._offers.get(purpose)
        if found is not None:
            self._is_open(found)
        return found

    def open_numbers(self) -> list[int]:
        """The numbers of the codes that wait for a guest with rtcd."""
        offer = self._offers.get("join")
        return [offer.code.number] if offer is not None and self._is_open(offer) else []

    def greet(self, number: int, share: bytes, source: str, channel: bytes) -> tuple[str, bytes]:
        """A guest's first message; returns the attempt's id and our share of the key.

        Raises:
            RefusedError: no such code is open, or this address tries too often.
        """
        now = self._clock()
        if not self._rates.take(source, now):
            raise RefusedError("too many attempts from there", code="too-often")
        offer = self._offers.get("join")
        if offer is None or not self._is_open(offer) or offer.code.number != number:
            raise RefusedError("there is no such code, or it is used up", code="no-offer")
        exchange = HostExchange(offer.code, channel, self._entropy)
        try:
            answer = exchange.answer(share)
        except WrongProofError as error:
            raise RefusedError(error.message, code="wrong-code") from None
        self._make_room(source, now)
        attempt = secrets.token_hex(16)
        self._attempts[attempt] = _Attempt(exchange, offer, source, now + ATTEMPT_SECONDS)
        return attempt, answer

    def prove(self, attempt_id: str, proof: bytes, sealed: bytes) -> Admission:
        """A guest's second message; an attempt can be answered once.

        Raises:
            RefusedError: a wrong guess (which burns the code), or nothing that is open.
        """
        attempt = self._attempts.pop(attempt_id, None)
        if attempt is None or attempt.until < self._clock() or not self._is_open(attempt.offer):
            raise RefusedError("there is no such code, or it is used up", code="no-offer")
        offer = attempt.offer
        try:
            told = attempt.exchange.check(proof, sealed)
        except WrongProofError:
            self._burn(offer, attempt.source)
            raise RefusedError("the code was wrong and is spoiled", code="wrong-code") from None
        self._use(offer, attempt.source)
        return Admission(told, attempt.source, attempt.exchange.admit)

    def type_in(self, typed: str, source: str) -> bool:
        """A code typed into the login page; a wrong guess burns it like any other."""
        offer = self._offers.get("browser")
        if offer is None or not self._is_open(offer):
            return False
        if not self._rates.take(source, self._clock()):
            return False
        try:
            right = secrets.compare_digest(JoinCode.parse(typed).secret, offer.code.secret)
        except RtcdError:
            # Not even a code (a token, a password): no guess.
            return False
        if right:
            self._use(offer, source)
        else:
            self._burn(offer, source)
        return right

    def _is_open(self, offer: Offer) -> bool:
        if offer.state is OfferState.OPEN and self._clock() >= offer.expires:
            self._turn(offer, OfferTurn.TIME_IS_UP)
        return offer.state is OfferState.OPEN

    def _burn(self, offer: Offer, source: str) -> None:
        offer.by = source
        self._turn(offer, OfferTurn.WRONG_GUESS)
        self._burned_at.append(self._clock())

    def _use(self, offer: Offer, source: str) -> None:
        offer.by = source
        self._turn(offer, OfferTurn.ADMITTED)

    def _turn(self, offer: Offer, turn: OfferTurn) -> None:
        offer.state = move(OFFER, offer.state, turn)
        self._attempts = {key: one for key, one in self._attempts.items() if one.offer is not offer}

    def _make_room(self, source: str, now: float) -> None:
        """Forget attempts that are over, then the oldest of whoever has the most to forget."""
        self._attempts = {key: one for key, one in self._attempts.items() if one.until > now}
        own = [key for key, one in self._attempts.items() if one.source == source]
        if len(own) >= MAX_ATTEMPTS_EACH:
            del self._attempts[own[0]]
        elif len(self._attempts) >= MAX_ATTEMPTS:
            del self._attempts[next(iter(self._attempts))]
