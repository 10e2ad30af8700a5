"""What a server hears of an IPv6 zone: nothing."""

from __future__ import annotations

import httpx
import pytest

from rtcd.server.zone import HOOKS, without_zone


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("https://[fe80::1%eth0]:8443/a%20b", "https://[fe80::1]:8443/a%20b"),
        ("wss://[fe80::1%2]/x?y=[z%q]", "wss://[fe80::1]/x?y=[z%q]"),
        ("[fe80::1%eth0]:8443", "[fe80::1]:8443"),
        ("[fe80::1]:8443", "[fe80::1]:8443"),
        ("https://10.0.0.1:8443/a%5B", "https://10.0.0.1:8443/a%5B"),
        ("localhost:8888", "localhost:8888"),
    ],
)
def test_a_zone_is_taken_out_and_nothing_else(text: str, plain: str):
    assert without_zone(text) == plain


async def test_a_request_names_the_host_without_it_and_goes_there_all_the_same():
    heard = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append((request.headers["Host"], request.url.host))
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), event_hooks=HOOKS) as http:
        await http.get("https://[fe80::1%eth0]:8443/api")
        await http.get("https://hub.example.org/api")
    assert heard == [("[fe80::1]:8443", "fe80::1%eth0"), ("hub.example.org",) * 2]
