"""From where people in rooms are connected, by the awareness client id that they speak with."""

from __future__ import annotations

from weakref import ref

from tornado.websocket import WebSocketHandler

from rtcd.crdt.awareness import AWARENESS, decode_awareness
from rtcd.errors import UpdateRefusedError
from rtcd.extension.lan_listener import plain_address

MAX_CLIENTS = 2000


class Whereabouts:
    """Who said first that they are a client has that client id until their connection ends."""

    def __init__(self) -> None:
        self._by_client: dict[int, ref[WebSocketHandler]] = {}

    def note(self, handler: WebSocketHandler, message: bytes | str) -> None:
        """A frame that somebody sent; all but awareness is passed over."""
        if not isinstance(message, bytes) or message[:1] != bytes((AWARENESS,)):
            return
        try:
            clients = decode_awareness(message)
        except UpdateRefusedError:
            return
        for client in clients:
            known = self._by_client.get(client.client_id)
            if known is None or not _is_open(known()):
                self._by_client[client.client_id] = ref(handler)
        if len(self._by_client) > MAX_CLIENTS:
            self._by_client = {key: at for key, at in self._by_client.items() if _is_open(at())}

    def addresses(self) -> dict[int, str]:
        """Client ids of open connections and where they come from."""
        found = {}
        for client, at in self._by_client.items():
            handler = at()
            if handler is not None and _is_open(handler):
                found[client] = plain_address(handler.request.remote_ip or "")
        return found


def _is_open(handler: WebSocketHandler | None) -> bool:
    return handler is not None and handler.ws_connection is not None
