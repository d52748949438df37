"""People who sign in to the dashboard of a running server, made as its operator makes them: on the command line."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.journeys.journey import Server
from tests.journeys.processes import MOORLINE, DemoServer

PASSWORD = "three loaves of rye, warm"
TIMEOUT_S = 60.0


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody with a workspace; `server` knows their API key.

    `cookies` are those of a session, once there is one; `ids` name what the workspace was given, once it was.
    """

    email: str
    server: Server
    password: str = field(repr=False, default=PASSWORD)
    cookies: Sequence[Any] = field(repr=False, default=())
    ids: dict[str, str] = field(default_factory=dict)


class People:
    """Makes them, each at most once."""

    def __init__(self, server: DemoServer) -> None:
        self._server = server
        self._known: dict[str, Person] = {}

    def demo(self) -> Person:
        """Whose workspace the demo made, and whose API key every stage starts with."""
        if "demo" not in self._known:
            email = "demo@example.com"
            self._run("users", "password", "--email", email, "--password-stdin", stdin=PASSWORD)
            at = Server(
                base_url=self._server.base_url,
                api_key=self._server.api_key,
                user_id=self._server.user_id,
                profile_id=self._server.profile_id,
            )
            self._known["demo"] = Person(email=email, server=at)
        return self._known["demo"]

    def newcomer(self, name: str) -> Person:
        """Somebody with a workspace of this name, where nothing was done yet."""
        if name not in self._known:
            email = f"{name.lower().replace(' ', '.')}@example.com"
            made = ["users", "create", "--email", email, "--name", name, "--password-stdin", "--json"]
            user_id = json.loads(self._run(*made, stdin=PASSWORD))["id"]
            key = json.loads(self._run("keys", "create", "--email", email, "--json"))["key"]
            at = Server(base_url=self._server.base_url, api_key=key, user_id=user_id, profile_id="")
            self._known[name] = Person(email=email, server=at)
        return self._known[name]

    def sign_in_link(self, person: Person) -> str:
        """A link that signs the person in, once."""
        told = json.loads(self._run("users", "sign-in-link", "--email", person.email, "--json"))
        url: str = told["sign_in_url"]
        return url

    def _run(self, *arguments: str, stdin: str = "") -> str:
        kept = json.loads((self._server.data_dir / "demo-keys.json").read_text(encoding="utf-8"))
        settings = {
            "MOORLINE_PUBLIC_URL": self._server.base_url,
            "MOORLINE_DATABASE_URL": f"sqlite:///{self._server.data_dir / 'moorline.sqlite3'}",
            "MOORLINE_ENCRYPTION_KEYS": kept["encryption_key"],
        }
        done = subprocess.run(
            [MOORLINE, *arguments],
            input=f"{stdin}\n",
            env=os.environ | settings,
            cwd=self._server.data_dir,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"moorline {' '.join(arguments[:2])}: {done.stderr}"
        return done.stdout
