"""Compares the overview at many tenants with Django's admin over the same rows, in one run, and prints a table.

Each figure is the median of ROUNDS answers, asked in turn (ours, the peer's, ours, …) over one kept connection, so that a
machine that slows down slows both. What counts is the ratio.
"""

import argparse
import json
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from console import Client, Console
from processes import Process, free_port, stop_when_told

HERE = pathlib.Path(__file__).parent
SYLLABLES = ["har", "bor", "quill", "os", "tra", "va", "lum", "en", "ce", "dar", "bright", "wa", "ter", "sa", "ble", "ñan"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--site", required=True)
    arguments.add_argument("--tenants", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=30)
    options = arguments.parse_args()
    stop_when_told()
    with tempfile.TemporaryDirectory() as folder:
        console = Overview(options, pathlib.Path(folder))
        try:
            console.fill(options.tenants)
            peer = Peer(pathlib.Path(folder), console.database)
            try:
                compare(console, peer, options.rounds)
            finally:
                peer.stop()
        finally:
            console.stop()
    sizes(pathlib.Path(options.site))


class Overview(Console):
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path) -> None:
        self.database = folder / "console.db"
        super().__init__(options.binary, folder, pathlib.Path(options.site), f"sqlite:{self.database}")

    def fill(self, count: int) -> None:
        """Registers tenants and their calls the way a platform does: over the REST interface."""
        begin = time.monotonic()
        numbers = iter(range(count))
        lock = threading.Lock()
        threads = [threading.Thread(target=self.register_all, args=(numbers, lock)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"registered {count:,} tenants in {time.monotonic() - begin:.0f} s", file=sys.stderr)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 5))
        client = Client(self.port, self.host)
        for start in range(0, count, 5_000):
            records = []
            for n in range(start, min(start + 5_000, count)):
                errors = 40 if n % 211 == 0 else 8 if n % 53 == 0 else 0
                records.append({"tenant_id": f"t{n}", "at": now, "status": 200, "count": 100 + n % 977})
                if errors:
                    records.append({"tenant_id": f"t{n}", "at": now, "status": 503, "count": errors * 3})
            status, answer, _ = client.send("POST", "/api/v1/requests", json.dumps(records), **self.bearer())
            if status != 200:
                sys.exit(f"telemetry was refused: {status} {answer[:300]}")
        print(f"filled in {time.monotonic() - begin:.0f} s", file=sys.stderr)
        self.sign_in()

    def register_all(self, numbers, lock: threading.Lock) -> None:
        client = Client(self.port, self.host)
        while True:
            with lock:
                n = next(numbers, None)
            if n is None:
                return
            word = "".join(SYLLABLES[(n // 16**i) % 16] for i in range(4))
            body = {"slug": f"{word.replace('ñ', 'n')}-{n}", "name": f"{word.capitalize()} {n}", "status": "active"}
            status, answer, _ = client.send("PUT", f"/api/v1/tenants/t{n}", json.dumps(body), **self.bearer())
            if status not in (200, 201):
                sys.exit(f"registration was refused: {status} {answer[:300]}")

    def get(self, path: str) -> str:
        status, page, _ = self.client.send("GET", path, Accept="text/html")
        if status != 200 or "<table" not in page:
            sys.exit(f"no overview at {path}: {status}")
        return page

    def pages(self) -> dict[str, str]:
        first = self.get("/support")
        cursors = re.findall(r'href="(/support\?[^"]*cursor=[^"]*)"', first)
        last = cursors[-1].replace("&amp;", "&")
        return {"page 1": "/support", "search, one hit": "/support?q=t77777", "search, many hits": "/support?q=harbor",
                "last page": last}


class Peer:
    def __init__(self, folder: pathlib.Path, rows: pathlib.Path) -> None:
        database, self.port = folder / "peer.db", free_port()
        environment = {**os.environ, "PEER_DATABASE": str(database)}
        setup = (
            "import peer; from django.core.management import call_command as c; c('migrate', verbosity=0);"
            "from django.db import connection as k;\n"
            "with k.schema_editor() as s: s.create_model(peer.Tenant)\n"
            "from django.contrib.auth.models import User; User.objects.create_superuser('bench', 'b@example.com', 'bench')"
        )
        subprocess.run([sys.executable, "-c", setup], cwd=HERE, env=environment, check=True)
        with sqlite3.connect(database) as db:
            db.execute("ATTACH ? AS console", (str(rows),))
            db.execute("INSERT INTO tenants SELECT id, slug, name, status, health, severity, last_seen, calls_24h, error_ppm"
                       " FROM console.tenants")
        db.close()
        self.process = Process(
            [sys.executable, "-m", "gunicorn", "peer:application", "--chdir", str(HERE), "--bind", f"127.0.0.1:{self.port}",
             "--threads", "4", "--keep-alive", "60", "--log-level", "error"], folder / "peer.log", PEER_DATABASE=str(database))
        self.process.wait_for(self.port, "/admin/login/")
        self.client = Client(self.port, f"127.0.0.1:{self.port}")
        self.client.send("GET", "/admin/login/")
        token = self.client.cookies["csrftoken"]
        if self.client.form("/admin/login/", {"username": "bench", "password": "bench", "csrfmiddlewaretoken": token}) != 302:
            sys.exit("the peer's sign-in failed")

    def get(self, path: str) -> str:
        status, page, _ = self.client.send("GET", path)
        if status != 200 or "result_list" not in page:
            sys.exit(f"no list at {path}: {status}")
        return page

    def pages(self) -> dict[str, str]:
        first, root = self.get("/admin/admin/tenant/"), "/admin/admin/tenant/"
        last = max(int(n) for n in re.findall(r"\?p=(\d+)", first))
        return {"page 1": root, "search, one hit": f"{root}?q=t77777", "search, many hits": f"{root}?q=harbor",
                "last page": f"{root}?p={last}"}

    def stop(self) -> None:
        self.process.stop()


def compare(console: Overview, peer: Peer, rounds: int) -> None:
    ours, theirs = console.pages(), peer.pages()
    print("| overview | Support Console, median | Django admin, median | ratio of medians |\n|---|---|---|---|")
    for name in ours:
        times: tuple[list[float], list[float]] = ([], [])
        for turn in range(rounds + 3):
            for side, get, path in ((0, console.get, ours[name]), (1, peer.get, theirs[name])):
                begin = time.perf_counter()
                get(path)
                if turn >= 3:
                    times[side].append((time.perf_counter() - begin) * 1000)
        a, b = (statistics.median(side) for side in times)
        print(f"| {name} | {a:.1f} ms | {b:.1f} ms | {a / b:.2f} |")


def sizes(site: pathlib.Path) -> None:
    for kind in ("wasm", "js", "css"):
        for file in sorted((site / "pkg").glob(f"support-console.*.{kind}")):
            brotli, zipped = file.with_name(file.name + ".br"), file.with_name(file.name + ".gz")
            shown = [f"{file.stat().st_size / 1024:.0f} KiB"]
            shown += [f"{f.stat().st_size / 1024:.0f} KiB {how}" for f, how in ((brotli, "brotli"), (zipped, "gzip")) if f.exists()]
            print(f"{kind}: {', '.join(shown)}")


if __name__ == "__main__":
    main()
