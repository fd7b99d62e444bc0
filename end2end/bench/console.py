"""A console as an operator starts it, and its clients."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import time
import urllib.parse

from processes import Process, free_port

PASSWORD = "a long bench password"
# How many seconds a connection may be idle: less than the server keeps it.
RESTED = 10


class Client:
    """One kept connection with its cookies."""

    def __init__(self, port: int, host: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.host = host
        self.cookies: dict[str, str] = {}
        self.used = time.monotonic()

    def send(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str, dict]:
        fields = {"Host": self.host, "Cookie": self.cookie(), **headers}
        if time.monotonic() - self.used > RESTED:
            # The server has closed it by now, or is about to; the next request opens another.
            self.connection.close()
        self.connection.request(method, path, body, fields)
        answer = self.connection.getresponse()
        for field in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = field.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        page = answer.read().decode()
        self.used = time.monotonic()
        return answer.status, page, dict(answer.headers)

    def cookie(self) -> str:
        return "; ".join(f"{k}={v}" for k, v in self.cookies.items())

    def form(self, path: str, fields: dict[str, str], **headers: str) -> int:
        body = urllib.parse.urlencode(fields)
        return self.send("POST", path, body, **{"Content-Type": "application/x-www-form-urlencoded", **headers})[0]


class Console:
    """`support-console serve` with its own store. The caller stops it."""

    def __init__(self, binary: str, folder: pathlib.Path, site: pathlib.Path, database: str, gateway: str = "",
                 top: str = "", cpus: list[int] | None = None, people: bool = True, **environment: str) -> None:
        self.binary, self.folder, self.port = binary, folder, free_port()
        self.host = f"localhost:{self.port}"
        self.origin = f"http://{self.host}"
        config = folder / "console.toml"
        config.write_text(
            f'database_url = "{database}"\ndata_dir = "{folder}"\n{top}\n'
            f'[console]\nlisten = "127.0.0.1:{self.port}"\npublic_url = "{self.origin}"\n'
            f'site_root = "{site.resolve()}"\n[metrics]\nenabled = false\n{gateway}'
        )
        # Only the file's owner may read the database's password.
        config.chmod(0o600)
        self.common = ["--config", str(config)]
        self.run("migrate")
        if people:
            self.add_people()
        self.process = Process([binary, "serve", *self.common], folder / "console.log", cpus, **environment)
        self.process.wait_for(self.port, "/health/ready")
        self.client = Client(self.port, self.host)

    def run(self, *words: str, stdin: str | None = None) -> str:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SUPPORT_CONSOLE_")}
        done = subprocess.run([self.binary, *words, *self.common], input=stdin, capture_output=True, text=True,
                              env=environment)
        if done.returncode:
            sys.exit(f"support-console {words[0]} failed: {done.stderr}{done.stdout[-2000:]}")
        return done.stdout

    def add_people(self) -> None:
        """A super admin, and the platform's key."""
        self.add_person("bench")
        printed = self.run("api-key", "create", "--name", "bench", "--right", "read", "--right", "tenants:write",
                           "--right", "telemetry:write")
        self.key = re.search(r"scpk_[A-Za-z0-9_-]{43}", printed).group()

    def add_person(self, name: str) -> None:
        self.run("staff", "add", "--email", f"{name}@example.com", "--name", name.capitalize(), "--role", "super_admin",
                 "--password-stdin", stdin=PASSWORD)

    def sign_in(self, name: str = "bench") -> None:
        # The server closes a connection that was idle for a while.
        self.client.connection.close()
        fields = {"email": f"{name}@example.com", "password": PASSWORD}
        status = self.client.form("/forms/sign-in", fields, **self.same_origin())
        if status != 303 or not self.client.cookies:
            sys.exit(f"sign-in failed: {status}")

    def same_origin(self) -> dict[str, str]:
        return {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}

    def register(self, tenant: str) -> None:
        body = json.dumps({"slug": tenant, "name": tenant.capitalize(), "status": "active"})
        status, answer, _ = self.client.send("PUT", f"/api/v1/tenants/{tenant}", body, **self.bearer())
        if status not in (200, 201):
            sys.exit(f"registration was refused: {status} {answer[:300]}")

    def tenant_key(self, tenant: str) -> str:
        """A key of one tenant."""
        printed = self.run("api-key", "create", "--name", tenant, "--tenant", tenant, "--right", "read")
        return re.search(r"sctk_[A-Za-z0-9_-]{43}", printed).group()

    def create_session(self, tenant: str) -> tuple[str, str]:
        """The ID and the token of a read-only support session of one hour."""
        form = {"reason": "Customer reports missing invoices", "ttl_minutes": "60", "scopes": ["read_only"],
                "organization_id": "", "ticket": "", "idempotency_key": ""}
        status, answer, _ = self.client.send("POST", "/_fn/create_support_session", json.dumps({"tenant": tenant, "form": form}),
                                             **self.same_origin(), **{"Content-Type": "application/json"})
        if status != 200:
            sys.exit(f"no support session: {status} {answer[:300]}")
        granted = json.loads(answer)
        return granted["session"]["id"], granted["token"]

    def end_session(self, session: str) -> None:
        """Revokes a support session."""
        status, answer, _ = self.client.send("POST", "/_fn/revoke_support_session", json.dumps({"id": session, "reason": ""}),
                                             **self.same_origin(), **{"Content-Type": "application/json"})
        if status != 200:
            sys.exit(f"the support session goes on: {status} {answer[:300]}")

    def revocation(self, session: str) -> bytes:
        """The request that revokes a support session, as bytes."""
        body = json.dumps({"id": session, "reason": ""})
        fields = {"Host": self.host, "Cookie": self.client.cookie(), **self.same_origin(),
                  "Content-Type": "application/json", "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST /_fn/revoke_support_session HTTP/1.1\r\n{head}\r\n{body}".encode()

    def recorded(self) -> int:
        """The rows in the access log (SQLite only)."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/console.db?mode=ro", uri=True)) as store:
            return store.execute("SELECT count(*) FROM access_log").fetchone()[0]

    def stop(self) -> None:
        self.process.stop()
