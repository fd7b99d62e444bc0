"""The gateway beside reverse proxies that record nothing, and how fast a revocation takes effect; prints tables.

One upstream, and before it in turn, interleaved by round: nothing, each peer, the gateway. Figures are medians of the
rounds. Proxies have one half of the CPUs, the client and all upstreams the other. What counts is the ratios.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import revocation
import tables
from console import Client, Console
from processes import Process, find, free_port, stop_when_told
from proxies import PEERS, Place, nginx_upstream

HERE = pathlib.Path(__file__).parent
TENANT = "acme"
PATH = f"/v1/tenants/{TENANT}/invoices/inv_0001"
# How many sessions the nodes record at once, each in its own tenant, and over how many connections.
SESSIONS, CROSSED = 5, 32
# How many events a page of the audit log has at most.
PAGE = 200
# Over how many connections the audit log is asked for while the gateway is measured.
WATCHERS = 16
RECORDS = {"flushed": "Support Console, records flushed", "written": "Support Console, records written"}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--output", type=pathlib.Path, help="a Markdown file for what is printed")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=4, help="of each measurement in a round")
    arguments.add_argument("--connections", type=lambda text: [int(n) for n in text.split(",")], default=[1, 32, 256])
    arguments.add_argument("--revocations", type=int, default=50)
    arguments.add_argument("--streams", type=int, default=1000)
    options = arguments.parse_args()
    stop_when_told()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    cpus = sorted(os.sched_getaffinity(0))
    half = max(1, len(cpus) // 2)
    machine = Machine(cpus[:half], cpus[half:] or cpus)
    os.sched_setaffinity(0, machine.client)
    lines = []
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        bench = Bench(options, pathlib.Path(folder), machine, stack)
        for part in bench.head(), bench.load(), bench.watched(), bench.revocations():
            for line in part:
                print(line, flush=True)
                lines.append(line)
            if options.output:
                options.output.write_text("\n".join(lines) + "\n")


@dataclasses.dataclass(frozen=True)
class Machine:
    """Which CPUs belong to the proxies, and which to the client and everything else."""

    proxies: list[int]
    client: list[int]


@dataclasses.dataclass
class Side:
    """One way to the upstream."""

    name: str
    port: int
    process: Process | None = None
    console: Console | None = None
    session: str | None = None
    token: str = "none"
    let_through: int = 0


class Bench:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, machine: Machine, stack: contextlib.ExitStack) -> None:
        self.options, self.folder, self.machine, self.stack = options, folder, machine, stack
        # `serve --help` lists every key that this binary knows.
        known = subprocess.run([options.binary, "serve", "--help"], capture_output=True, text=True, check=True).stdout
        self.known = {line.split()[-1] for line in known.splitlines() if re.match(r"\s+SUPPORT_CONSOLE_\S+\s+\S+$", line)}
        self.place = Place(self.new_folder("upstream"), free_port(), free_port(), free_port(), len(machine.client))
        self.start(nginx_upstream(self.place), self.place, self.place.upstream, machine.client)

    def new_folder(self, name: str) -> pathlib.Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    def start(self, command: list[str], place: Place, port: int, cpus: list[int]) -> Process:
        home = str(place.folder)
        process = Process(command, place.folder / "log", cpus, HOME=home, XDG_DATA_HOME=home, XDG_CONFIG_HOME=home,
                          GOMAXPROCS=str(place.workers))
        self.stack.callback(process.stop)
        process.wait_for(port, PATH)
        return process

    def console(self, name: str, upstream: int, record: str = "flushed", database: str = "", people: bool = True,
                keys: pathlib.Path | None = None) -> tuple[Console, int]:
        """A console with its gateway, and the gateway's port."""
        folder, port = self.new_folder(name), free_port()
        for key in keys.glob("*.key") if keys else []:
            (folder / key.name).write_bytes(key.read_bytes())
            (folder / key.name).chmod(0o600)
        lines = [f'[gateway]\nlisten = "127.0.0.1:{port}"', f'public_url = "http://127.0.0.1:{port}"',
                 f'upstream = "http://127.0.0.1:{upstream}"', 'tenant_binding = "path"',
                 'routes = ["/v1/tenants/{tenant_id}"]']
        if "gateway.record" in self.known:
            lines.append(f'record = "{record}"')
        # Neither budgets nor a line of log for each request: the peers have neither.
        budgets = [f"{key} = 0" for key in ("requests_total", "requests_per_minute") if f"support_sessions.{key}" in self.known]
        limits = [f"{key} = 0" for key in ("staff_requests_per_minute", "key_requests_per_minute", "key_reports_per_minute")
                  if f"limits.{key}" in self.known]
        lines += ["[support_sessions]", *budgets, *(["[limits]", *limits] if limits else []), '[log]\nfilter = "warn"\n']
        top = f'node_name = "{name}"' if "node_name" in self.known else ""
        console = Console(self.options.binary, folder, folder, database or f"sqlite:{folder}/console.db", "\n".join(lines), top,
                          self.machine.proxies, people, TOKIO_WORKER_THREADS=str(len(self.machine.proxies)))
        self.stack.callback(console.stop)
        if people:
            console.register(TENANT)
        return console, port

    def head(self) -> list[str]:
        model = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
        ours = subprocess.run([self.options.binary, "--version"], capture_output=True, text=True, check=True).stdout
        mounted = subprocess.run(["stat", "--file-system", "--format=%T", self.folder], capture_output=True, text=True, check=True)
        system = mounted.stdout.strip()
        lines = [f"{ours.strip()} on {model.group(1) if model else platform.machine()}, Linux {platform.release()}, data on {system}.",
                 f"CPUs of the proxies: {self.machine.proxies}; of client, upstream and auth backend: {self.machine.client}. "
                 f"{self.options.rounds} rounds of {self.options.seconds} s, medians. Before the run the machine was "
                 f"{busy():.0%} busy with other things."]
        if system == "tmpfs":
            lines.append("**This folder is in memory, where a flush means nothing: name one on a disk with TMPDIR.**")
        if self.machine.proxies == self.machine.client:
            lines.append("**There is one CPU for everything: rates and latencies say little here.**")
        return [*lines, ""]

    def sides(self) -> list[Side]:
        sides = [Side("direct", self.place.upstream)]
        for peer in PEERS:
            if not find(peer.program):
                print(f"{peer.name}: skipped, {peer.program} is not installed", file=sys.stderr)
                continue
            place = dataclasses.replace(self.place, folder=self.new_folder(peer.name.replace(" ", "")), port=free_port(),
                                        workers=len(self.machine.proxies))
            sides.append(Side(peer.name, place.port, self.start(peer.command(place), place, place.port, self.machine.proxies)))
        for record, name in RECORDS.items():
            if record != "flushed" and "gateway.record" not in self.known:
                print(f"{name}: skipped, this binary does not know the key gateway.record", file=sys.stderr)
                continue
            console, port = self.console(record, self.place.upstream, record)
            sides.append(Side(name, port, console.process, console))
        return sides

    def load(self) -> list[str]:
        if not self.options.rounds:
            return []
        sides = self.sides()
        results: dict[tuple[str, int], list[tables.Round]] = {}
        flushes: list[float] = []
        for number in range(self.options.rounds + 1):
            for side in sides:
                if side.console:
                    side.console.sign_in()
                    # Nobody may have many at once.
                    if side.session:
                        side.console.end_session(side.session)
                    side.session, side.token = side.console.create_session(TENANT)
            # Each round begins with another side; the round before the first one only warms up.
            for connections in self.options.connections if number else [32]:
                flushes += flush_times(self.folder / "flushes")
                for side in sides[number % len(sides):] + sides[:number % len(sides)]:
                    found = self.measure(side, connections, self.options.seconds if number else 1)
                    if number:
                        results.setdefault((side.name, connections), []).append(found)
                    print(f"round {number}, {connections} connections, {side.name}: {found}", file=sys.stderr)
        flush = statistics.median(flushes)
        count = len(self.machine.proxies)
        lines = tables.load(results, [side.name for side in sides], self.options.connections, count)
        lines += tables.aims(results, self.options.connections, count, flush, RECORDS)
        return [*lines, *self.versions(), *self.records(sides), ""]

    def measure(self, side: Side, connections: int, seconds: int) -> tables.Round:
        command = [find("wrk") or "wrk", "-t", str(min(len(self.machine.client), connections)), "-c", str(connections),
                   "-d", f"{seconds}s", "-s", str(HERE / "report.lua"), "-H", f"Authorization: Bearer {side.token}",
                   f"http://127.0.0.1:{side.port}{PATH}"]
        before = side.process.cpu_seconds() if side.process else 0
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.strip().splitlines()[-1])
        busy = (side.process.cpu_seconds() - before if side.process else 0) / found["seconds"] / len(self.machine.proxies)
        if side.process:
            # A proxy's deferred work is part of a request's cost, and must not slow the next one.
            side.process.settle()
        cpu = side.process.cpu_seconds() - before if side.process else 0
        side.let_through += found["requests"] - found["errors"]
        requests = max(1, found["requests"])
        return tables.Round(found["requests"] / found["seconds"], found["p50"] / 1e6, found["p99"] / 1e6, cpu / requests, busy,
                            found["errors"])

    def versions(self) -> list[str]:
        lines = []
        for peer in {peer.program: peer for peer in PEERS if find(peer.program)}.values():
            said = subprocess.run([find(peer.program) or "", *peer.version], capture_output=True, text=True)
            version = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
            lines.append(f"{peer.program} {version.group() if version else '?'}")
        return [f"Peers: {', '.join(lines)}. They record nothing, and their auth backend answers 200 at once."]

    def records(self, sides: list[Side]) -> list[str]:
        lines = []
        for side in sides:
            if not side.console:
                continue
            status, _, _ = Client(side.console.port, side.console.host).send("GET", "/.well-known/jwks.json")
            signed = "signed an identity for each request" if status == 200 else "**signs no identities: this binary can't**"
            rows = side.console.recorded()
            lines.append(f"{side.name}: {signed}; {rows:,} rows in the access log for {side.let_through:,} answers.")
            if rows < side.let_through:
                sys.exit(f"{side.name}: {side.let_through - rows} requests were answered without a record")
        return lines

    def watched(self) -> list[str]:
        """The gateway alone, and beside connections that ask a tenant's key for its audit log by the most expensive queries."""
        console, port = self.console("watched", self.place.upstream)
        key = console.tenant_key(TENANT)
        # The first events of the log are those of somebody else: a page of them is full, and is found behind all others.
        console.add_person("early")
        console.sign_in("early")
        _, token = console.create_session(TENANT)
        client = Client(port, f"127.0.0.1:{port}")
        for _ in range(PAGE + 1):
            status, answer, _ = client.send("GET", PATH, Authorization=f"Bearer {token}")
            if status != 200:
                sys.exit(f"the gateway refuses: {status} {answer[:300]}")
        console.sign_in()
        _, token = console.create_session(TENANT)
        side = Side("watched", port, console.process, console, token=token)
        # A log for the queries to read: half of these are requests, half are their ends.
        self.measure(side, CROSSED, max(4, self.options.seconds * 2))
        lines = ["### Beside those who look", "",
                 f"{CROSSED} connections through the gateway, records flushed on SQLite, {console.recorded():,} requests in the log. "
                 f"{WATCHERS} connections with a tenant's key ask for pages of {PAGE} events: the latest ones, or those of an actor whose "
                 "events are the first in the log, so that all others are read before. Aim: p99 <= 1.5 x.", "",
                 "| beside | requests/s | p50 | p99 | errors | answers to the query |", "|---|---|---|---|---|---|"]
        for name, query in ("nobody", None), ("the latest page", ""), ("an actor found last", "&actor=early"):
            address = f"http://127.0.0.1:{console.port}/api/v1/audit?limit={PAGE}{query}"
            looking = subprocess.Popen([find("wrk") or "wrk", "-t", "1", "-c", str(WATCHERS), "-d", f"{self.options.seconds * 2 + 1}s",
                                        "-s", str(HERE / "report.lua"), "-H", f"Authorization: Bearer {key}",
                                        "-H", f"Host: {console.host}", address],
                                       stdout=subprocess.PIPE, text=True) if query is not None else None
            found = self.measure(side, CROSSED, self.options.seconds * 2)
            asked = json.loads(looking.communicate()[0].strip().splitlines()[-1]) if looking else None
            answers = f"{max(0, asked['requests'] - asked['errors']):,} of {asked['requests']:,}" if asked else ""
            lines.append(f"| {name} | {found.rate:,.0f} | {tables.ms(found.p50)} | {tables.ms(found.p99)} | {found.errors} | {answers} |")
        console.stop()
        return [*lines, ""]

    def revocations(self) -> list[str]:
        port = free_port()
        upstream = Process([sys.executable, str(HERE / "upstream.py"), str(port)], self.folder / "counting.log", self.machine.client)
        self.stack.callback(upstream.stop)
        upstream.wait_for(port, PATH)
        console, gateway = self.console("one", port)
        console.sign_in()
        one = revocation.Node(console, gateway)
        lines = revocation.same_node(one, port, PATH, max(1, self.options.revocations // 5))
        lines += revocation.streams(one, f"/v1/tenants/{TENANT}/stream", self.options.streams)
        database = os.environ.get("SUPPORT_CONSOLE_TEST_POSTGRES_URL")
        if not database:
            return [*lines, "Two nodes: skipped, there is no PostgreSQL."]
        nodes = []
        for name in "a", "b":
            node, gateway = self.console(name, port, database=database, people=name == "a", keys=console.folder)
            nodes.append(revocation.Node(node, gateway))
        nodes[0].console.sign_in()
        lines += revocation.two_nodes(nodes[0], nodes[1], port, PATH, self.options.revocations)
        lines += self.crossed(nodes, (("one node", 1), ("two nodes", 2)))
        for name in "c", "d":
            node, gateway = self.console(name, port, database=database, people=False, keys=console.folder)
            nodes.append(revocation.Node(node, gateway))
        return lines + self.crossed(nodes, (("four nodes", 4),))

    def crossed(self, nodes: list[revocation.Node], ways: tuple[tuple[str, int], ...]) -> list[str]:
        """The same sessions through one node and through several, whose records are in the same chains."""
        first = nodes[0].console
        first.sign_in()
        lines = []
        if len(nodes) == 2:
            lines = ["", "### Nodes that record for the same tenants", "",
                     f"{CROSSED} connections in all, records flushed on one PostgreSQL.", "",
                     "| through | tenants | requests/s | p50 | p99 | errors |", "|---|---|---|---|---|---|"]
        for (name, count), tenants in ((way, tenants) for tenants in (SESSIONS, 1) for way in ways):
            sessions = self.folder / "sessions"
            # Nobody may have many at once.
            held = []
            with sessions.open("w") as file:
                for tenant in (f"crossed-{number}" for number in range(tenants)):
                    first.register(tenant)
                    session, token = first.create_session(tenant)
                    held.append(session)
                    file.write(f"/v1/tenants/{tenant}/invoices/inv_0001 {token}\n")
            used = nodes[:count]
            running = [subprocess.Popen([find("wrk") or "wrk", "-t", "2", "-c", str(CROSSED // count), "-d",
                                         f"{self.options.seconds * 2}s", "-s", str(HERE / "crossed.lua"),
                                         f"http://127.0.0.1:{node.gateway}"],
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, "SESSIONS": str(sessions)})
                       for node in used]
            found = [json.loads(one.communicate()[0].strip().splitlines()[-1]) for one in running]
            rate = sum(one["requests"] / one["seconds"] for one in found)
            p50, p99 = (max(one[key] for one in found) / 1e6 for key in ("p50", "p99"))
            errors = sum(one["errors"] for one in found)
            lines.append(f"| {name} | {tenants} | {rate:,.0f} | {tables.ms(p50)} | {tables.ms(p99)} | {errors} |")
            for session in held:
                first.end_session(session)
        return lines


def busy(seconds: float = 2) -> float:
    """The share of all CPUs that is in use."""
    def times() -> tuple[int, int]:
        fields = [int(n) for n in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]

    before = times()
    time.sleep(seconds)
    total, idle = (b - a for a, b in zip(before, times(), strict=True))
    return 1 - idle / max(1, total)


def flush_times(file: pathlib.Path, count: int = 100) -> list[float]:
    """How many seconds fdatasync takes after 4 KiB were appended to a file beside the stores."""
    times = []
    with file.open("ab", buffering=0) as log:
        for _ in range(count):
            log.write(b"x" * 4096)
            begin = time.perf_counter()
            os.fdatasync(log.fileno())
            times.append(time.perf_counter() - begin)
    return times


if __name__ == "__main__":
    main()
