"""An audit log of years: how long its pages, a verification and the deletion of a month take; prints a table.

The events are written past the program, as it stores them (docs/decisions/0027), chain by chain with their hashes: so the program can
verify them. `server/store/examples/years.rs` does that. A folder that is named is kept, and the next run fills it further: what it adds
is as old as that run.
"""

import argparse
import contextlib
import datetime
import os
import pathlib
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from console import Console
from processes import find, free_port, stop_when_told

GENESIS = "0" * 64
SECOND = 1_000_000
MONTHS = 24
LATER = 4_000_000_000_000_000
STAFF = "01937e2c-7b6a-7cc0-8000-0000000000aa"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
# Number, category, action, resource type, type, ID and name of the actor, address, browser: what is in `audit_deeds`.
DEEDS = [
    (-1, "support_session", "support_session.request", "support_session", "staff", STAFF, "Ada Bench", "192.0.2.7", BROWSER),
    (-2, "support_session", "support_session.response", "support_session", "system", "gateway", "Support Console gateway", None, None),
    (3, "tenant", "tenant.changed", "tenant", "staff", STAFF, "Ada Bench", "192.0.2.7", BROWSER),
]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--filler", required=True, help="the example years of the store")
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--tenants", type=int, default=200)
    arguments.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    arguments.add_argument("--folder", type=pathlib.Path, help="of an SQLite store that is kept")
    arguments.add_argument("--verify", action="store_true", help="verify every chain too")
    options = arguments.parse_args()
    stop_when_told()
    with contextlib.ExitStack() as stack:
        folder = options.folder or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        store = Sqlite(folder) if options.store == "sqlite" else Postgres(folder)
        Years(options, folder, store).run(stack)


class Sqlite:
    def __init__(self, folder: pathlib.Path) -> None:
        self.url, self.file = f"sqlite:{folder}/console.db", folder / "console.db"

    def ask(self, sql: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(sql).fetchall()

    def do(self, script: list[str]) -> None:
        with contextlib.closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            connection.executescript(";".join(script))

    def fill(self, filler: list[str], chains: str) -> None:
        program, *numbers = filler
        subprocess.run([program, str(self.file), *numbers], input=chains, text=True, check=True)
        self.do(["PRAGMA wal_checkpoint(TRUNCATE)"])

    def size(self) -> int:
        return self.file.stat().st_size


class Postgres:
    def __init__(self, folder: pathlib.Path) -> None:
        self.url = os.environ.get("SUPPORT_CONSOLE_TEST_POSTGRES_URL") or sys.exit("There is no PostgreSQL.")
        # The server makes keys only on SQLite.
        for name in "cursor", "identity", "checkpoint":
            (folder / f"{name}.key").write_text(secrets.token_hex(32))
            (folder / f"{name}.key").chmod(0o600)
        self.psql = [find("psql") or "psql", "--quiet", "--no-align", "--tuples-only", "--field-separator=\t", "--set=ON_ERROR_STOP=1",
                     self.url, "--file=-"]

    def run(self, script: str) -> str:
        return subprocess.run(self.psql, input=script, stdout=subprocess.PIPE, text=True, check=True).stdout

    def ask(self, sql: str) -> list[tuple]:
        return [tuple(line.split("\t")) for line in self.run(sql).splitlines()]

    def do(self, script: list[str]) -> None:
        self.run("".join(f"{sql};\n" for sql in script))

    def fill(self, filler: list[str], chains: str) -> None:
        program, *numbers = filler
        with subprocess.Popen(self.psql, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as psql:
            subprocess.run([program, "-", *numbers], input=chains.encode(), stdout=psql.stdin, check=True)
            psql.communicate()
        if psql.returncode:
            sys.exit("psql has failed")
        self.do(["ANALYZE"])

    def size(self) -> int:
        return int(self.ask("SELECT pg_database_size(current_database())")[0][0])


class Years:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, store: Sqlite | Postgres) -> None:
        self.options, self.folder, self.store = options, folder, store
        now = datetime.datetime.now(datetime.UTC)
        months = now.year * 12 + now.month - 1 - MONTHS
        self.begin = datetime.datetime(months // 12, months % 12 + 1, 1, tzinfo=datetime.UTC)
        self.now = int(now.timestamp()) * SECOND

    def config(self, days: int) -> str:
        return f'[retention]\naudit_days = {days}\n[log]\nfilter = "warn"\n'

    def run(self, stack: contextlib.ExitStack) -> None:
        config = self.folder / "fill.toml"
        config.write_text(f'database_url = "{self.store.url}"\ndata_dir = "{self.folder}"\n'
                          f'[console]\nlisten = "127.0.0.1:{free_port()}"\npublic_url = "http://localhost:3000"\n')
        config.chmod(0o600)
        subprocess.run([self.options.binary, "migrate", "--config", str(config)], check=True, stdout=subprocess.DEVNULL)
        self.fill()
        print("| what | time |", "|---|---|", sep="\n", flush=True)
        console = Console(self.options.binary, self.folder, self.folder, self.store.url, self.config(2557), people=False)
        stack.callback(console.stop)
        tenant = "years-7"
        key = console.run("api-key", "create", "--name", f"years-{time.time_ns()}", "--right", "read").split("scpk_")[1][:43]
        middle = datetime.datetime.fromtimestamp((self.begin.timestamp() + self.now / SECOND) / 2, datetime.UTC)
        day = f"from={middle:%Y-%m-%dT00:00:00Z}"
        for name, query in [
            ("page 1 of the log", ""), ("page 1 of a tenant", f"tenant={tenant}"),
            ("page 1 of a category", "category=tenant"), ("the same of a tenant", f"category=tenant&tenant={tenant}"),
            ("page 1 of an action of requests", "action=support_session.response"), ("page 1 by an actor", "actor=ada"),
            ("an actor who did nothing", "actor=nobody"), ("a day in the middle", day + f"&to={middle:%Y-%m-%dT23:59:59Z}"),
            ("the same of a tenant", day + f"&tenant={tenant}"),
        ]:
            self.page(console, key, name, query)
        export = self.folder / "chain.jsonl"
        self.timed("export of a tenant's chain", lambda: console.run("audit", "export", "--tenant", tenant, "--output", str(export)))
        print(f"| its size | {export.stat().st_size / 1e6:,.1f} MB |", flush=True)
        self.timed("verification of that file", lambda: console.run("audit", "verify", "--file", str(export)))
        if self.options.verify:
            self.timed("verification of every chain", lambda: console.run("audit", "verify"))
        console.stop()
        self.prune(console)
        if self.options.verify:
            self.timed("verification of what is left", lambda: console.run("audit", "verify"))

    def prune(self, console: Console) -> None:
        """Deletes the first month."""
        days = (datetime.datetime.now(datetime.UTC) - self.begin).days - 32
        config = self.folder / "console.toml"
        config.write_text(config.read_text().replace("audit_days = 2557", f"audit_days = {days}"))
        said = self.timed("deletion of a month", lambda: console.run("audit", "prune", "--yes"))
        print(f"| that is | {said.splitlines()[-1]} |", flush=True)

    def timed(self, name: str, do: Callable[[], str]) -> str:
        begin = time.monotonic()
        said = do()
        print(f"| {name} | {time.monotonic() - begin:,.1f} s |", flush=True)
        return said

    def page(self, console: Console, key: str, name: str, query: str) -> None:
        times = []
        for _ in range(9):
            begin = time.monotonic()
            status, answer, _ = console.client.send("GET", f"/api/v1/audit?{query}", Authorization=f"Bearer scpk_{key}")
            times.append(time.monotonic() - begin)
            if status != 200:
                sys.exit(f"{name}: {status} {answer[:300]}")
        print(f"| {name} | {statistics.median(times) * 1000:,.1f} ms, at most {max(times) * 1000:,.1f} ms |", flush=True)

    def chains(self) -> list[tuple]:
        """Tenant, number of the chain, position and hash of its last event."""
        names = [f"years-{number}" for number in range(self.options.tenants)]
        heads = {row[0]: row[1:] for row in self.store.ask("SELECT h.chain, c.number, h.seq, substr(h.hash, 8) FROM audit_heads h "
                                                           "JOIN audit_chains c ON c.name = h.chain")}
        if f"tenant:{names[0]}" not in heads:
            self.store.do(list(self.first(names)))
            return self.chains()
        return [(name, *heads[f"tenant:{name}"]) for name in names]

    def first(self, names: list[str]) -> Iterator[str]:
        """The rows that must exist before the first event."""
        for name in names:
            yield (f"INSERT INTO tenants (id, slug, name, status, created_at, sort_name, search, health_since, health_at) "
                   f"VALUES ('{name}', '{name}', '{name}', 'active', 0, '{name}', '{name}', 0, 0)")
            yield f"INSERT INTO audit_chains (name) VALUES ('tenant:{name}')"
            yield f"INSERT INTO audit_heads (chain, seq, hash) VALUES ('tenant:{name}', 0, 'sha256:{GENESIS}')"
        for number, category, action, resource, *actor, ip, browser in DEEDS:
            words = [category, action, resource, "success", *actor, actor[-1].lower()]
            quoted = ", ".join(f"'{word}'" for word in words)
            origin = f"'{ip}', '{browser}'" if ip else "NULL, NULL"
            yield ("INSERT INTO audit_deeds (id, v, category, action, resource_type, outcome, actor_type, actor_id, actor_name, "
                   f"actor_search, ip, user_agent, used_until) VALUES ({number}, 1, {quoted}, {origin}, {LATER})")
        if isinstance(self.store, Postgres):
            yield "SELECT setval('audit_deeds_number', 100)"

    def fill(self) -> None:
        chains = self.chains()
        have = sum(int(seq) for _, _, seq, _ in chains)
        missing = max(0, self.options.events - have)
        last = int(self.store.ask("SELECT COALESCE(MAX(recorded_at), 0) FROM audit_log")[0][0])
        begin = max(last, int(self.begin.timestamp()) * SECOND)
        if missing:
            step = max(1, (self.now - begin) // (missing + 1))
            lines = "".join("\t".join(map(str, chain)) + "\n" for chain in chains)
            self.store.fill([self.options.filler, str(missing), str(begin), str(step)], lines)
        print(f"{have + missing:,} events of {len(chains)} tenants in {MONTHS} months; {self.options.store}: "
              f"{self.store.size() / 1e9:,.2f} GB\n", flush=True)


if __name__ == "__main__":
    main()
