"""Certificates of one's own authority, and those of nobody."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import serve

from rtcd.errors import ServerError
from rtcd.rooms.timing import RoomTiming
from rtcd.rooms.websocket import open_link
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient
from rtcd.server.trust import UntrustedError


@pytest.fixture
def own_authority(tmp_path):
    """Key and certificate of this machine, in one file, and its certificate alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    certificate = tmp_path / "authority.crt"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    both = tmp_path / "both.pem"
    both.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.read_bytes()
    )
    return both, certificate


@pytest.fixture
async def address(own_authority):
    """Somebody who speaks TLS and WebSocket, with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_authority[0])

    async def silent(link):
        await link.wait_closed()

    async with serve(silent, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        yield ServerAddress.parse(f"https://127.0.0.1:{port}/", "a-token")


async def test_an_unknown_authority_is_told_as_that_for_requests_and_for_rooms(address):
    async with ServerClient(address) as client:
        with pytest.raises(UntrustedError) as refused:
            await client.about()
    assert "SSL_CERT_FILE" in refused.value.hint
    with pytest.raises(UntrustedError):
        await open_link(address, "api/collaboration/room/x", RoomTiming())


async def test_the_authority_that_the_user_names_is_good_for_requests_and_for_rooms(
    address, own_authority, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(own_authority[1]))
    async with ServerClient(address) as client:
        with pytest.raises(ServerError) as answered:
            await client.about()
    assert not isinstance(answered.value, UntrustedError), "only the TLS is right there"
    link = await open_link(address, "api/collaboration/room/x", RoomTiming())
    await link.close()
