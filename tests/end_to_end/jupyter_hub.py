"""``JupyterHub``: a real hub with its proxy and single-user servers, from an environment of its own.

Who may share a server is set as ``docs/scaling.md`` recommends, and read from there.

It needs programs that are no part of rtcd's own environment:

    python3 -m venv HUB && HUB/bin/pip install jupyterhub jupyterlab jupyter-collaboration
    npm install --prefix PROXY configurable-http-proxy
    RTCD_TEST_HUB=HUB/bin:PROXY/node_modules/.bin pytest -m long tests/end_to_end/test_jupyter_hub.py
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from end_to_end.pages import block_of
from end_to_end.project_folder import eventually

START_SECONDS = 120.0
PROGRAMS = os.environ.get("RTCD_TEST_HUB", "")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "scaling.md"
CONFIG = """
{settings}
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.http_timeout = 120
c.Spawner.start_timeout = 120
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.services = [{{"name": "tester", "api_token": {admin!r}}}]
c.JupyterHub.load_roles += [
    {{"name": "tester", "services": ["tester"], "scopes": ["admin:users", "admin:servers", "tokens"]}}
]
"""


def why_not() -> str | None:
    """Why there can be no hub here; None when there can."""
    for program in ("jupyterhub", "configurable-http-proxy"):
        if not PROGRAMS or shutil.which(program, path=PROGRAMS) is None:
            return f"{program} is not in RTCD_TEST_HUB (see end_to_end/jupyter_hub.py)"
    return None


class JupyterHub:
    """One hub; people's folders are below ``homes``."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.homes = place / "homes"
        self.homes.mkdir(parents=True)
        self.port = free_port()
        self._admin = secrets.token_hex(24)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> JupyterHub:
        config = CONFIG.format(
            settings=block_of(PAGE, "hub-settings"),
            port=self.port,
            hub_port=free_port(),
            proxy_port=free_port(),
            password=secrets.token_hex(16),
            homes=str(self.homes),
            admin=self._admin,
        )
        (self.place / "jupyterhub_config.py").write_text(config)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")}
        with (self.place / "hub.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["jupyterhub", "-f", "jupyterhub_config.py"],
                executable=shutil.which("jupyterhub", path=PROGRAMS),
                cwd=self.place,
                env={**kept, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", "HOME": str(self.place)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        eventually(self._answers, f"the hub: {self.log}", START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
            # The single-user servers are in groups of their own, and end with the hub.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def log(self) -> str:
        """What the hub wrote so far."""
        return (self.place / "hub.log").read_text(errors="replace")

    def url_of(self, person: str) -> str:
        """The address of somebody's server."""
        return f"http://127.0.0.1:{self.port}/user/{person}/"

    def add(self, person: str) -> None:
        """A new account."""
        self._ask("POST", f"users/{person}")

    def start_server(self, person: str) -> None:
        """What the button *Start My Server* does; returns when it runs."""
        self._ask("POST", f"users/{person}/server")
        eventually(lambda: self._runs(person), f"{person}'s server: {self.log}", START_SECONDS)

    def stop_server(self, person: str) -> None:
        """What the button *Stop My Server* does; returns when it is gone."""
        self._ask("DELETE", f"users/{person}/server")
        eventually(lambda: not self._servers(person), "the server to end", START_SECONDS)

    def token_of(self, person: str) -> tuple[str, str]:
        """A token as the page ``/hub/token`` makes it: its id, and itself."""
        made = self._ask("POST", f"users/{person}/tokens", {"note": "rtcd"})
        return made["id"], made["token"]

    def take_back(self, person: str, token_id: str) -> None:
        """What the button *revoke* of that page does."""
        self._ask("DELETE", f"users/{person}/tokens/{token_id}")

    def _servers(self, person: str) -> dict[str, Any]:
        return dict(self._ask("GET", f"users/{person}?include_stopped_servers=0")["servers"])

    def _runs(self, person: str) -> bool:
        return bool(self._servers(person).get("", {}).get("ready"))

    def _answers(self) -> bool:
        try:
            return bool(self._ask("GET", "")["version"])
        except OSError:
            return False

    def _ask(self, method: str, what: str, body: Any = None) -> Any:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/hub/api/{what}",
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"token {self._admin}"},
            method=method,
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def free_port() -> int:
    """A port that was free a moment ago: the hub has to be told three."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
