"""People on the network who mean no good: ``python -m end_to_end.attackers ROLE ARGUMENTS``.

Each writes what it got to hear into a file, decrypted, so that a test can look for secrets in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
import ssl
import struct
import sys
import time
from pathlib import Path

MDNS = ("224.0.0.251", 5353)


def say_ready() -> None:
    print("ready", flush=True)


async def trap(port: str, folder: str, log: str) -> None:
    """A TLS server with a key of its own that keeps all that is sent to it."""
    from rtcd.lan.certificate import ensure_certificate, server_context

    ensure_certificate(Path(folder))

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError), open(log, "ab", buffering=0) as file:
            while data := await reader.read(4096):
                file.write(data)
            writer.close()

    Path(log).touch()
    server = await asyncio.start_server(hear, None, int(port), ssl=server_context(Path(folder)))
    say_ready()
    await server.serve_forever()


async def relay(port: str, folder: str, log: str, target: str, number: str) -> None:
    """In the middle: announces the victim's number, hands everything on, and keeps it."""
    from rtcd.lan.announce import Voice, Wanted
    from rtcd.lan.certificate import ensure_certificate, server_context
    from rtcd.lan.interfaces import own_addresses
    from rtcd.server.pin import unverified_context

    ensure_certificate(Path(folder))
    host, _, target_port = target.rpartition(":")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError), open(log, "ab", buffering=0) as file:
            while data := await reader.read(4096):
                file.write(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_connection(
            host, int(target_port), ssl=unverified_context(), server_hostname=""
        )
        await asyncio.gather(pump(reader, to_there), pump(there, writer), return_exceptions=True)

    Path(log).touch()
    server = await asyncio.start_server(serve, None, int(port), ssl=server_context(Path(folder)))
    voice = await asyncio.to_thread(Voice)
    said = Wanted(port=int(port), key="00" * 16, number=int(number))
    await asyncio.to_thread(voice.say, said, own_addresses())
    say_ready()
    await server.serve_forever()


async def rogue(port: str, folder: str, log: str, number: str) -> None:
    """Pretends to be the host that made a code: plays the exchange with a code it guessed."""
    from tornado.httpserver import HTTPServer
    from tornado.web import Application, RequestHandler

    from rtcd.lan.announce import Voice, Wanted
    from rtcd.lan.certificate import ensure_certificate, server_context
    from rtcd.lan.exchange import HostExchange
    from rtcd.lan.exchange_states import HostState
    from rtcd.lan.interfaces import own_addresses
    from rtcd.lan.join_code import JoinCode

    pin = ensure_certificate(Path(folder))
    open_ends: list[HostExchange] = []

    def keep(handler: RequestHandler) -> dict[str, object]:
        with open(log, "ab") as file:
            file.write(f"{handler.request.headers}\n".encode() + handler.request.body + b"\n")
        return dict(json.loads(handler.request.body))

    class Greet(RequestHandler):
        def post(self) -> None:
            code = JoinCode(int(number), ("acorn", "actor", "album"))
            end = HostExchange(code, pin.encode(), os.urandom)
            share = end.answer(bytes.fromhex(str(keep(self)["share"])))
            open_ends.append(end)
            self.write({"v": 1, "attempt": "1", "share": share.hex()})

    class Prove(RequestHandler):
        def post(self) -> None:
            keep(self)
            end = open_ends[-1]
            end.state = HostState.ADMITTED
            proof, sealed = end.admit({"token": "bait", "pin": pin, "key": "00" * 16})
            self.write({"v": 1, "proof": proof.hex(), "sealed": sealed.hex()})

    Path(log).touch()
    application = Application([(r"/rtcd/join", Greet), (r"/rtcd/join/proof", Prove)])
    HTTPServer(application, ssl_options=server_context(Path(folder))).listen(int(port))
    voice = await asyncio.to_thread(Voice)
    said = Wanted(port=int(port), key="00" * 16, number=int(number))
    await asyncio.to_thread(voice.say, said, own_addresses())
    say_ready()
    await asyncio.Event().wait()


def mdns_flood(address: str, seconds: str) -> None:
    """Announces thousands of made-up projects, and sends what is no DNS at all."""
    from zeroconf import DNSOutgoing, DNSPointer, DNSService, DNSText, const

    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    service = "_rtcd._tcp.local."
    say_ready()
    deadline = time.monotonic() + float(seconds)
    sent = 0
    while time.monotonic() < deadline:
        name = f"{random.getrandbits(48):012x}.{service}"
        answer = DNSOutgoing(const._FLAGS_QR_RESPONSE | const._FLAGS_AA)
        answer.add_answer_at_time(DNSPointer(service, const._TYPE_PTR, 1, 4500, name), 0)
        answer.add_answer_at_time(DNSService(name, const._TYPE_SRV, 1, 120, 0, 0, 1, name), 0)
        answer.add_answer_at_time(DNSText(name, const._TYPE_TXT, 1, 4500, b"\x03v=1"), 0)
        for packet in answer.packets():
            out.sendto(packet, MDNS)
        for size in (12, 200, 1400):
            out.sendto(random.randbytes(size), MDNS)
        sent += 4
    print(sent, flush=True)


def tcp_flood(address: str, port: str, seconds: str) -> None:
    """Connects as fast as it can: says nothing, says nonsense, or asks for large things."""
    say_ready()
    deadline = time.monotonic() + float(seconds)
    held: list[socket.socket] = []
    made = 0
    while time.monotonic() < deadline:
        one = socket.socket()
        one.settimeout(0.2)
        try:
            one.connect((address, int(port)))
            one.send(random.randbytes(300) if made % 2 else b"")
            made += 1
        except OSError:
            pass
        held.append(one)
        if len(held) > 400:
            held.pop(0).close()
    print(made, flush=True)


def sniff(log: str, seconds: str) -> None:
    """Everything that passes on the wire."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    membership = struct.pack("iHH8s", socket.if_nametoindex("eth0"), 1, 0, b"")
    wire.setsockopt(263, 1, membership)  # SOL_PACKET, PACKET_ADD_MEMBERSHIP: promiscuous
    wire.settimeout(0.2)
    say_ready()
    deadline = time.monotonic() + float(seconds)
    with open(log, "ab", buffering=0) as file:
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                file.write(wire.recv(65535))


ROLES = {"trap": trap, "relay": relay, "rogue": rogue}
SIMPLE = {"mdns-flood": mdns_flood, "tcp-flood": tcp_flood, "sniff": sniff}

if __name__ == "__main__":
    role, *arguments = sys.argv[1:]
    if role in ROLES:
        asyncio.run(ROLES[role](*arguments))
    else:
        SIMPLE[role](*arguments)
