"""How much disk a recorded request takes, on SQLite and on PostgreSQL; prints a table.

A browser's requests go through the gateway, each with a record, to an upstream that answers at once. What counts is how much the
store has grown once every request is complete: tables, indexes and what updates have left behind, before anything is vacuumed.
"""

import argparse
import contextlib
import http.client
import os
import pathlib
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from console import Console
from processes import Process, find, free_port, stop_when_told

HERE = pathlib.Path(__file__).parent
TENANT = "acme"
PATH = f"/v1/tenants/{TENANT}/invoices/inv_0001"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
CONNECTIONS = 16


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--requests", type=int, default=20_000)
    options = arguments.parse_args()
    stop_when_told()
    print("| store | requests | bytes per request |", "|---|---|---|", sep="\n", flush=True)
    stores = ["SQLite", *(["PostgreSQL"] if os.environ.get("SUPPORT_CONSOLE_TEST_POSTGRES_URL") else [])]
    for name in stores:
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            bench = Bench(options, pathlib.Path(folder), stack, "" if name == "SQLite" else os.environ["SUPPORT_CONSOLE_TEST_POSTGRES_URL"])
            print(f"| {name} | {options.requests:,} | {bench.run():,.0f} |", flush=True)
    if len(stores) == 1:
        print("PostgreSQL: skipped, there is none.", file=sys.stderr)


class Bench:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, stack: contextlib.ExitStack, database: str) -> None:
        self.options, self.folder, self.database = options, folder, database
        upstream, self.gateway = free_port(), free_port()
        process = Process([sys.executable, str(HERE / "upstream.py"), str(upstream)], folder / "upstream.log")
        stack.callback(process.stop)
        process.wait_for(upstream, PATH)
        config = "\n".join([f'[gateway]\nlisten = "127.0.0.1:{self.gateway}"', f'public_url = "http://127.0.0.1:{self.gateway}"',
                            f'upstream = "http://127.0.0.1:{upstream}"', 'tenant_binding = "path"', 'record = "written"',
                            'routes = ["/v1/tenants/{tenant_id}"]', "[support_sessions]", "requests_total = 0",
                            'requests_per_minute = 0\n[log]\nfilter = "warn"\n'])
        if database:
            # The server makes keys only on SQLite.
            for name in "cursor", "identity":
                (folder / f"{name}.key").write_text(secrets.token_hex(32))
                (folder / f"{name}.key").chmod(0o600)
        self.console = Console(options.binary, folder, folder, database or f"sqlite:{folder}/console.db", config)
        stack.callback(self.console.stop)
        self.console.register(TENANT)
        self.console.sign_in()
        _, self.token = self.console.create_session(TENANT)

    def run(self) -> float:
        before = self.size()
        threads = [threading.Thread(target=self.send) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        end = time.monotonic() + 60
        while self.ask("SELECT COUNT(*) FROM access_log WHERE outcome <> 'open'") < self.options.requests:
            if time.monotonic() > end:
                sys.exit("not every request is complete")
            time.sleep(0.2)
        return (self.size() - before) / self.options.requests

    def send(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway, timeout=60)
        for _ in range(self.options.requests // CONNECTIONS):
            connection.request("GET", PATH, headers={"Authorization": f"Bearer {self.token}", "User-Agent": BROWSER})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit(f"refused: {answer.status}")

    def ask(self, sql: str) -> int:
        if self.database:
            done = subprocess.run([find("psql") or "psql", "--no-align", "--tuples-only", self.database, "--command", sql],
                                  capture_output=True, text=True, check=True)
            return int(done.stdout)
        with contextlib.closing(sqlite3.connect(self.folder / "console.db", timeout=10)) as store:
            return store.execute(sql).fetchone()[0]

    def size(self) -> int:
        if self.database:
            return self.ask("SELECT SUM(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        self.ask("PRAGMA wal_checkpoint(TRUNCATE)")
        return (self.folder / "console.db").stat().st_size


if __name__ == "__main__":
    main()
