"""Everything at once for a long time, on two nodes of one PostgreSQL, one of which is killed and started again every minute.

Requests through the gateway, browsers that watch the overview, telemetry, exports and sign-ins. At the end: memory,
descriptors and latency of the node that stays beside those of the beginning, and requests upstream without a record.
"""

import argparse
import collections
import datetime
import http.client
import http.server
import json
import os
import pathlib
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import wire
from console import PASSWORD, Client, Console
from processes import Process, find, free_port, stop_when_told

TENANTS, CLIENTS, BROWSERS = 5, 12, 200
# How long each client waits between its requests, so that the machine is busy but not saturated.
PAUSE = 0.05
RESTART_EVERY = 60
# How much of the beginning and of the end is compared, as a share of the whole.
SHARE = 1 / 6


class Upstream(http.server.ThreadingHTTPServer):
    """Answers everything and keeps the request IDs."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.ids: set[str] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.ids.add(self.headers["X-Request-Id"] or "")
        body = b'{"status":"paid"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Node:
    """A console with a gateway, which can be killed and started again."""

    def __init__(self, binary: str, folder: pathlib.Path, upstream: int, database: str, keys: pathlib.Path,
                 people: bool) -> None:
        folder.mkdir()
        for key in keys.glob("*.key"):
            (folder / key.name).write_bytes(key.read_bytes())
            (folder / key.name).chmod(0o600)
        self.gateway = free_port()
        config = (f'[gateway]\nlisten = "127.0.0.1:{self.gateway}"\npublic_url = "http://127.0.0.1:{self.gateway}"\n'
                  f'upstream = "http://127.0.0.1:{upstream}"\ntenant_binding = "path"\nroutes = ["/v1/tenants/{{tenant_id}}"]\n'
                  '[support_sessions]\nrequests_total = 0\nrequests_per_minute = 0\n[log]\nfilter = "warn"\n')
        self.console = Console(binary, folder, folder, database, config, f'node_name = "{folder.name}"', people=people)

    def restart(self, gently: bool) -> None:
        old = self.console.process
        if gently:
            old.stop()
        else:
            os.killpg(old.child.pid, signal.SIGKILL)
            old.child.wait()
        self.console.process = Process([self.console.binary, "serve", *self.console.common], self.console.folder / "console.log")
        self.console.process.wait_for(self.console.port, "/health/live")

    def resident(self) -> float:
        """MB."""
        status = pathlib.Path(f"/proc/{self.console.process.child.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1000

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.console.process.child.pid}/fd"))


class Load:
    """Tasks that run until they are stopped. `done` counts by name, `failed` too."""

    def __init__(self, nodes: list[Node], sessions: list[tuple[str, str]]) -> None:
        self.nodes, self.sessions = nodes, sessions
        self.end = threading.Event()
        self.begin = time.monotonic()
        self.done: collections.Counter[str] = collections.Counter()
        self.failed: collections.Counter[str] = collections.Counter()
        # Seconds since the beginning, and seconds that a request through the node that stays has taken.
        self.taken: list[tuple[float, float]] = []
        steady = nodes[0].console
        tasks = [(lambda n=n: self.ask(n), PAUSE) for n in range(CLIENTS)]
        tasks += [(self.send_telemetry, 1), (self.export, 61), (self.sign_in, 5)]
        self.steady = steady
        self.threads = [threading.Thread(target=self.repeat, args=task, daemon=True) for task in tasks]
        self.threads += [threading.Thread(target=self.watch, args=(node,), daemon=True) for node in nodes]
        for thread in self.threads:
            thread.start()

    def repeat(self, task: object, pause: float) -> None:
        while not self.end.wait(pause):
            name = getattr(task, "__name__", "request").replace("<lambda>", "request")
            try:
                done = task()
            except (OSError, http.client.HTTPException):
                done = False
            (self.done if done else self.failed)[name] += 1

    def ask(self, number: int) -> bool:
        tenant, token = self.sessions[number % len(self.sessions)]
        node = number % len(self.nodes)
        connection = http.client.HTTPConnection("127.0.0.1", self.nodes[node].gateway, timeout=10)
        begin = time.monotonic()
        connection.request("GET", f"/v1/tenants/{tenant}/invoices/1", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if node == 0 and answer.status == 200:
            self.taken.append((begin - self.begin, time.monotonic() - begin))
        return answer.status == 200

    def send_telemetry(self) -> bool:
        now = datetime.datetime.now(datetime.UTC).isoformat()
        records = [{"tenant_id": tenant, "at": now, "status": 200 if n % 9 else 500, "count": 3}
                   for n, (tenant, _) in enumerate(self.sessions * 10)]
        client = Client(self.steady.port, self.steady.host)
        return client.send("POST", "/api/v1/requests", json.dumps(records), **self.steady.bearer())[0] == 200

    def export(self) -> bool:
        client = Client(self.steady.port, self.steady.host)
        return client.send("GET", "/api/v1/audit/export?format=jsonl", **self.steady.bearer())[0] == 200

    def sign_in(self) -> bool:
        client = Client(self.steady.port, self.steady.host)
        fields = {"email": "bench@example.com", "password": PASSWORD}
        return client.form("/forms/sign-in", fields, **self.steady.same_origin()) == 303

    def watch(self, node: Node) -> None:
        """Half of the browsers: each opens its stream again when it ends."""
        poll, open_wires = select.poll(), {}
        interest = urllib.parse.quote(json.dumps({"counts": True, "tenants": [tenant for tenant, _ in self.sessions]}))
        head = (f"GET /live?interest={interest} HTTP/1.1\r\nHost: {node.console.host}\r\n"
                f"Cookie: {self.cookie}\r\nSec-Fetch-Site: same-origin\r\n\r\n").encode()
        while not self.end.is_set():
            if len(open_wires) < BROWSERS // len(self.nodes):
                try:
                    one = wire.connect(node.console.port)
                    one.send(head)
                    poll.register(one.fd, select.POLLIN | select.POLLRDHUP)
                    open_wires[one.fd] = one
                except OSError:
                    self.failed["stream opened"] += 1
                    self.end.wait(0.2)
            for fd, _ in poll.poll(20):
                one = open_wires[fd]
                one.read()
                self.done["event seen"] += one.got.count(b"\n\n")
                one.got = one.got[-1:]
                if not one.open:
                    poll.unregister(fd)
                    open_wires.pop(fd).close()

    cookie = ""

    def stop(self) -> None:
        self.end.set()
        for thread in self.threads:
            thread.join()

    def latency(self, since: float, until: float) -> tuple[float, float]:
        taken = [seconds for at, seconds in self.taken if since <= at < until]
        return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--minutes", type=float, default=30)
    options = arguments.parse_args()
    database = os.environ.get("SUPPORT_CONSOLE_TEST_POSTGRES_URL") or sys.exit("there is no PostgreSQL")
    stop_when_told()
    upstream = Upstream()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        # A start on SQLite makes the keys that both nodes need.
        Console(options.binary, folder, folder, f"sqlite:{folder}/keys.db").stop()
        nodes: list[Node] = []
        try:
            for node in "a", "b":
                nodes.append(Node(options.binary, folder / node, upstream.server_port, database, folder, people=not nodes))
            sys.exit(run(nodes, upstream, database, options.minutes * 60))
        finally:
            for node in nodes:
                node.console.stop()


def run(nodes: list[Node], upstream: Upstream, database: str, seconds: float) -> int:
    first = nodes[0]
    first.console.sign_in()
    sessions = []
    for number in range(TENANTS):
        first.console.register(f"tenant-{number}")
        sessions.append((f"tenant-{number}", first.console.create_session(f"tenant-{number}")[1]))
    Load.cookie = first.console.client.cookie()
    load = Load(nodes, sessions)
    measured, restarts = [], 0
    while (now := time.monotonic() - load.begin) < seconds:
        time.sleep(min(RESTART_EVERY, seconds - now))
        measured.append((time.monotonic() - load.begin, first.resident(), first.descriptors()))
        if seconds - (time.monotonic() - load.begin) > RESTART_EVERY / 2:
            nodes[1].restart(gently=restarts % 2 == 1)
            restarts += 1
    load.stop()
    # Requests of killed starts are closed as unknown a while after their lease.
    time.sleep(15)
    query = [find("psql") or "psql", database, "--no-align", "--tuples-only", "--command"]
    rows = subprocess.run([*query, "SELECT request_id FROM access_log"], capture_output=True, text=True, check=True)
    left = subprocess.run([*query, "SELECT count(*) FROM access_log WHERE outcome = 'open'"], capture_output=True, text=True, check=True)
    unrecorded = len(upstream.ids - set(rows.stdout.split()))
    first.console.run("audit", "verify")
    share = seconds * SHARE
    (p50, p99), (p50_end, p99_end) = load.latency(0, share), load.latency(seconds - share, seconds)
    at_first, at_last = measured[min(len(measured) - 1, round(len(measured) * SHARE))], measured[-1]
    print(f"{seconds / 60:.0f} minutes, {restarts} restarts of one node, {BROWSERS} streams, {CLIENTS} clients of {TENANTS} sessions.")
    print(f"done: {dict(sorted(load.done.items()))}\nfailed: {dict(sorted(load.failed.items()))}\n")
    print("| the node that stays | at first | at the end |\n|---|---|---|")
    print(f"| p50 | {p50 * 1000:.1f} ms | {p50_end * 1000:.1f} ms |\n| p99 | {p99 * 1000:.1f} ms | {p99_end * 1000:.1f} ms |")
    print(f"| resident memory | {at_first[1]:.0f} MB | {at_last[1]:.0f} MB |\n| descriptors | {at_first[2]} | {at_last[2]} |\n")
    print(f"{len(upstream.ids):,} requests arrived upstream; without a record: {unrecorded}; left open: {left.stdout.strip()}. "
          "The audit log verifies.")
    return 1 if unrecorded else 0


if __name__ == "__main__":
    main()
