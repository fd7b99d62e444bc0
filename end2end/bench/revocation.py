"""How fast a revocation takes effect. All times are when the kernel received the bytes, on one machine's clock."""

import dataclasses
import json
import sys
import time
import urllib.request
from collections.abc import Callable

from console import Console
from tables import ms, percentile
from wire import Watch, Wire, connect

TENANT = "acme"
# How many answers each connection gets before a revocation, so that the load is steady.
WARM = 20
# Only ends what hangs.
PATIENCE = 30


@dataclasses.dataclass(frozen=True)
class Node:
    console: Console
    gateway: int

    def request(self, path: str, token: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.gateway}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def requests_seen(upstream: int) -> list[tuple[float, str]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{upstream}/seen", timeout=PATIENCE) as answer:
        return json.load(answer)


def revoke_under_load(revoker: Node, serving: Node, path: str, connections: int) -> tuple[str, float, float]:
    """Revokes a support session at one node while it is used at another without a pause.

    Gives its ID and the instants of the revocation's answer and of the first refusal.
    """
    session, token = revoker.console.create_session(TENANT)
    request = serving.request(path, token)
    wires = [connect(serving.gateway) for _ in range(connections)]
    act = connect(revoker.console.port)
    watch = Watch([*wires, act])
    for wire in wires:
        wire.send(request)
    let_through, answered, refused = 0, 0.0, 0.0
    end = time.monotonic() + PATIENCE
    try:
        while any(wire.open for wire in wires) or not answered:
            if time.monotonic() > end:
                sys.exit("a revocation took no effect")
            now, ready = watch.ready(1)
            for wire in ready:
                wire.read()
                status = wire.answer()
                if wire is act:
                    if status not in (None, 200):
                        sys.exit(f"a revocation was answered with {status}")
                    answered = answered or (wire.at if status else 0.0)
                elif status == 200:
                    let_through += 1
                    if let_through == WARM * connections:
                        act.send(revoker.console.revocation(session))
                    wire.send(request)
                elif status is not None or not wire.open:
                    if let_through < WARM * connections:
                        sys.exit(f"refused before the revocation: {status}")
                    # A connection that was cut has no time from the kernel.
                    at = wire.at if status else now
                    refused = min(refused or at, at)
                    watch.forget(wire)
    finally:
        for wire in watch.wires.values():
            wire.close()
    return session, answered, refused


def same_node(node: Node, upstream: int, path: str, count: int) -> list[str]:
    requests_seen(upstream)
    after, total = 0, 0
    for _ in range(count):
        session, answered, _ = revoke_under_load(node, node, path, 32)
        seen = [at for at, whose in requests_seen(upstream) if whose == session]
        total += len(seen)
        after += sum(at > answered for at in seen)
    return ["### Revocation", "", "| what | aim | found |", "|---|---|---|",
            f"| same node, {count} revocations under 32 connections: requests sent upstream after the answer | 0 "
            f"| {after} of {total:,} |"]


def streams(node: Node, path: str, count: int) -> list[str]:
    session, token = node.console.create_session(TENANT)
    wires = [connect(node.gateway) for _ in range(count)]
    watch = Watch(wires)
    for wire in wires:
        wire.send(node.request(path, token))
    until(watch, lambda wire: b"chunk 1;" in wire.got, "a stream did not begin")
    act = connect(node.console.port)
    both = Watch([*wires, act])
    asked = time.time()
    act.send(node.console.revocation(session))
    ended: dict[int, float] = {}
    answered, end = 0.0, time.monotonic() + PATIENCE
    while len(ended) < count or not answered:
        if time.monotonic() > end:
            sys.exit(f"{count - len(ended)} streams were not cut")
        now, ready = both.ready(1)
        for wire in ready:
            if wire is act:
                wire.read()
                answered = answered or (wire.at if wire.answer() == 200 else 0.0)
            elif wire.fd not in ended:
                ended[wire.fd] = now
                both.epoll.unregister(wire.fd)
    complete = 0
    for wire in wires:
        wire.read()
        complete += wire.got.endswith(b"0\r\n\r\n")
        wire.close()
    act.close()
    if complete:
        sys.exit(f"{complete} streams that were cut look complete")
    times = [at - answered for at in ended.values()]
    return [f"| same node, {count:,} open streams: from the answer to the end of each "
            f"| p99 ≤ 50 ms | {spread(times)}; the answer came {ms(answered - asked)} after the question |"]


def until(watch: Watch, reached: Callable[[Wire], bool], failure: str) -> None:
    """Reads until each connection has reached something."""
    waiting, end = set(watch.wires), time.monotonic() + PATIENCE
    while waiting:
        for wire in watch.ready(1)[1]:
            wire.read()
            if reached(wire):
                waiting.discard(wire.fd)
            elif not wire.open:
                sys.exit(f"{failure}: {wire.got[:200]!r}")
        if time.monotonic() > end:
            sys.exit(failure)


def two_nodes(a: Node, b: Node, upstream: int, path: str, count: int) -> list[str]:
    requests_seen(upstream)
    refusals, lasts, after = [], [], 0
    for _ in range(count):
        session, answered, refused = revoke_under_load(a, b, path, 4)
        seen = [at for at, whose in requests_seen(upstream) if whose == session]
        refusals.append(refused - answered)
        lasts.append(max(seen) - answered)
        after += sum(at > answered for at in seen)
    aim = "p99 ≤ 10 ms, max ≤ 100 ms"
    return [f"| two nodes, {count} revocations under 4 connections: from A's answer to B's first refusal | {aim} | {spread(refusals)} |",
            f"| the same: from A's answer to the last request that B sent upstream | {aim} | {spread(lasts)}; {after} were sent after it |",
            "", "Where a time is below 0, it was over before the revocation was answered."]


def spread(times: list[float]) -> str:
    return f"p50 {ms(percentile(times, 0.5))}, p99 {ms(percentile(times, 0.99))}, max {ms(max(times))}"
