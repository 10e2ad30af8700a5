"""``Nginx``: a real nginx with the settings that ``docs/scaling.md`` recommends, read from there."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from end_to_end.pages import block_of
from end_to_end.project_folder import eventually

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scaling.md"
PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
AROUND = """
daemon off;
master_process off;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxied;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
{settings}
}}
"""


def server_settings() -> dict[str, Any]:
    """``ServerApp`` of the page, but for address and port, which a test cannot fix."""
    settings = dict(json.loads(block_of(PAGE, "server-settings"))["ServerApp"])
    return {key: value for key, value in settings.items() if key not in ("ip", "port")}


class Nginx:
    """In front of a server on this machine."""

    def __init__(self, place: Path, server_port: int) -> None:
        place.mkdir()
        self.place = place
        self.certificate = place / "team.crt"
        self.port = 0
        self._server_port = server_port
        self._process: subprocess.Popen[bytes] | None = None
        _make_certificate(self.certificate, place / "team.key")

    def start(self) -> None:
        """Start it, on the port that it had before; another one is taken when that is not free."""
        give_up = 20
        while not self._started():
            give_up -= 1
            assert give_up, self.log
            self.port = 0

    def stop(self) -> None:
        """End it, and all connections through it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def log(self) -> str:
        """What it complained of."""
        file = self.place / "error.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def __enter__(self) -> Nginx:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _started(self) -> bool:
        assert PROGRAM is not None
        self.port = self.port or _free_port()
        config = self.place / "nginx.conf"
        config.write_text(AROUND.format(place=self.place, settings=self._settings()))
        command = [
            PROGRAM,
            "-c",
            str(config),
            "-p",
            str(self.place),
            "-e",
            f"{self.place}/error.log",
        ]
        process = self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        eventually(lambda: self._listens() or process.poll() is not None, "nginx", 60)
        if process.poll() is None:
            return True
        process.wait()
        return False

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
            return True
        return False

    def _settings(self) -> str:
        settings = block_of(PAGE, "nginx-settings")
        for old, new in (
            ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
            ("http://127.0.0.1:8888", f"http://127.0.0.1:{self._server_port}"),
            ("/etc/ssl/team.example.org.crt", str(self.certificate)),
            ("/etc/ssl/team.example.org.key", str(self.place / "team.key")),
        ):
            assert old in settings, f"docs/scaling.md has no {old!r} any more"
            settings = settings.replace(old, new)
        return settings


def _make_certificate(certificate: Path, private: Path) -> None:
    """A certificate of its own authority, for this machine and the name on the page."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "team.example.org")])
    names = [
        x509.DNSName("team.example.org"),
        x509.DNSName("localhost"),
        x509.IPAddress(ip_address("127.0.0.1")),
    ]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(made.public_bytes(Encoding.PEM))


def _free_port() -> int:
    """A port that was free a moment ago: nginx has to be told one."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
