"""``/rtcd/join``: where a guest proves the code; ``/rtcd/share``: where the owner shares."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from jupyter_server.auth.decorator import allow_unauthenticated, authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, authenticated

from rtcd.errors import RtcdError
from rtcd.extension.lan_listener import plain_address
from rtcd.extension.share import Share
from rtcd.lan.door import Purpose, RefusedError
from rtcd.lan.exchange import MAX_SEALED_BYTES, PROOF_BYTES, SHARE_BYTES, VERSION
from rtcd.lan.guest_book import PREFIX
from rtcd.rooms.person import clean_name

STATUS = {"no-offer": 404, "too-often": 429, "wrong-code": 403}
MAX_BODY_BYTES = 16 * 1024


class JoinHandler(APIHandler):
    """What both steps share. No login, no cookie, no page of another site: the code is all."""

    def initialize(self, share: Share) -> None:
        """Take what tornado hands to each request."""
        self.share = share

    def check_xsrf_cookie(self) -> None:
        """Nothing here rests on cookies."""

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent.

        Raises:
            HTTPError: 400, 403.
        """
        if "Origin" in self.request.headers:
            raise HTTPError(403, "not for pages")
        if len(self.request.body) > MAX_BODY_BYTES:
            raise HTTPError(400, "too long")
        try:
            value = json.loads(self.request.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or value.get("v") != VERSION:
            raise HTTPError(400, "not a message of this version")
        return value

    def bytes_of(self, value: dict[str, Any], key: str, longest: int) -> bytes:
        """One field of hex digits.

        Raises:
            HTTPError: 400.
        """
        text = value.get(key)
        try:
            if isinstance(text, str) and len(text) <= 2 * longest:
                return bytes.fromhex(text)
        except ValueError:
            pass
        raise HTTPError(400, "not a message of this version")

    def refuse(self, error: RefusedError) -> NoReturn:
        """Answer a refusal with its stable word."""
        raise HTTPError(STATUS.get(error.code, 403), error.message, reason=error.code)

    @property
    def source(self) -> str:
        """The address of whoever asks."""
        return plain_address(self.request.remote_ip or "")


class GreetHandler(JoinHandler):
    """``POST /rtcd/join {"v", "number", "share"}``: the first step."""

    @allow_unauthenticated
    async def post(self) -> None:
        """Answer ``{"v", "attempt", "share"}``; 404 when no such code is open, 429 too often."""
        value = self.body()
        number = value.get("number")
        if not isinstance(number, int):
            raise HTTPError(400, "not a message of this version")
        share = self.bytes_of(value, "share", SHARE_BYTES)
        try:
            attempt, ours = self.share.door.greet(
                number, share, self.source, self.share.channel_of(self)
            )
        except RefusedError as error:
            self.refuse(error)
        self.finish(json.dumps({"v": VERSION, "attempt": attempt, "share": ours.hex()}))


class ProveHandler(JoinHandler):
    """``POST /rtcd/join/proof {"v", "attempt", "proof", "sealed"}``: the second step."""

    @allow_unauthenticated
    async def post(self) -> None:
        """Answer ``{"v", "proof", "sealed"}``; 403 for a wrong guess, which burns the code."""
        value = self.body()
        proof = self.bytes_of(value, "proof", PROOF_BYTES)
        sealed = self.bytes_of(value, "sealed", MAX_SEALED_BYTES)
        try:
            admission = self.share.door.prove(str(value.get("attempt"))[:64], proof, sealed)
        except RefusedError as error:
            self.refuse(error)
        name = clean_name(admission.told.get("name"))
        try:
            guest, token = self.share.book.admit(name, "rtcd", self.source)
        except RtcdError as error:
            raise HTTPError(503, error.message) from None
        told = self.share.admission(token) | {"name": guest.name}
        proof, sealed = admission.answer(told)
        self.log.info("rtcd: a guest joined from %s", self.source)
        self.finish(json.dumps({"v": VERSION, "proof": proof.hex(), "sealed": sealed.hex()}))


class ShareHandler(APIHandler):
    """``/rtcd/share``: for the owner only."""

    auth_resource = "contents"

    def initialize(self, share: Share) -> None:
        """Take what tornado hands to each request."""
        self.share = share

    @authenticated
    @authorized
    async def get(self) -> None:
        """How the project is shared."""
        self._check_owner()
        self.finish(json.dumps(self.share.view()))

    @authenticated
    @authorized
    async def post(self) -> None:
        """Do ``{"action": "open" | "code" | "close" | "revoke", ...}``; answers as ``GET`` does.

        A new code is in ``code``, and nowhere else.
        """
        self._check_owner()
        body = self.get_json_body() or {}
        try:
            extra = self._act(str(body.get("action")), body)
        except RtcdError as error:
            self.set_status(409)
            document = {"code": error.code, "message": error.message, "hint": error.hint}
            self.finish(json.dumps({"error": document}))
            return
        except OSError as error:
            raise HTTPError(500, f"the network could not be used: {error.strerror}") from None
        self.finish(json.dumps({**self.share.view(), **extra}))

    def _act(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        share = self.share
        if action == "open":
            share.open(clean_name(body.get("host")))
        elif action == "code":
            taken = [int(word) for word in str(body.get("taken", "")).split() if word.isdigit()]
            purpose: Purpose = "browser" if body.get("purpose") == "browser" else "join"
            if purpose == "browser":
                share.browser_name = clean_name(body.get("name"))
            return {"code": str(share.door.offer(purpose, taken).code)}
        elif action == "close":
            share.close()
        elif action == "revoke":
            gone = share.book.revoke(str(body.get("name")))
            share.sweep()
            return {"revoked": gone.name}
        else:
            raise HTTPError(400, "no such action")
        return {}

    def _check_owner(self) -> None:
        username = getattr(self.current_user, "username", "")
        if username.startswith(PREFIX) or self.share.came_by_network(self):
            raise HTTPError(403, "only the owner of the project shares it")
