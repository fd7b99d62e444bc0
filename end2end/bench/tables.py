"""The results of a run, as Markdown."""

import dataclasses
import math
import statistics


@dataclasses.dataclass(frozen=True)
class Round:
    """One measurement: requests per second, latencies in seconds, CPU seconds per request, the share of the CPUs used."""

    rate: float
    p50: float
    p99: float
    cpu: float
    busy: float
    errors: int

    def __str__(self) -> str:
        return f"{self.rate:,.0f}/s, p50 {ms(self.p50)}, p99 {ms(self.p99)}, {self.cpu * 1e6:.0f} µs CPU, {self.errors} errors"


Results = dict[tuple[str, int], list[Round]]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def counted(connections: int) -> str:
    return f"{connections} connection{'s' * (connections > 1)}"


def median(results: Results, name: str, connections: int) -> Round | None:
    """The median of each figure; errors are added up."""
    rounds = results.get((name, connections))
    if not rounds:
        return None
    middle = {field: statistics.median(getattr(one, field) for one in rounds) for field in ("rate", "p50", "p99", "cpu", "busy")}
    return Round(**middle, errors=sum(one.errors for one in rounds))


def load(results: Results, names: list[str], all_connections: list[int], cpus: int) -> list[str]:
    lines = []
    for connections in all_connections:
        lines += [f"### {counted(connections)}", "",
                  "| before the upstream | requests/s | ÷ nginx | p50 | p99 | added p50 | CPU per request | CPUs used | errors |",
                  "|---|---|---|---|---|---|---|---|---|"]
        direct, nginx = (median(results, name, connections) for name in ("direct", "nginx"))
        for name in names:
            one = median(results, name, connections)
            if one is None or direct is None:
                continue
            ratio = f"{one.rate / nginx.rate:.2f}" if nginx else ""
            cost = [ms(one.p50 - direct.p50), f"{one.cpu * 1e6:.0f} µs", f"{one.busy * cpus:.2f} of {cpus}"]
            cost = cost if name != "direct" else ["", "", ""]
            lines.append(f"| {name} | {one.rate:,.0f} | {ratio} | {ms(one.p50)} | {ms(one.p99)} | {' | '.join(cost)} | {one.errors} |")
        lines.append("")
    return lines


def aims(results: Results, all_connections: list[int], cpus: int, flush: float, records: dict[str, str]) -> list[str]:
    """An aim, the measured ratio, and by how much the aim is missed."""
    lines = [f"One fdatasync after 4 KiB appended: {ms(flush)}.", "", "| aim | found | | by CPU per request |", "|---|---|---|---|"]
    written, flushed = records["written"], records["flushed"]
    for peer, factor in (("nginx + auth_request", 1.0), ("envoy + ext_authz", 1.3)):
        for connections in all_connections:
            ours, theirs = median(results, written, connections), median(results, peer, connections)
            aim = f"records written, {counted(connections)}: requests/s ≥ {factor} × {peer}"
            if ours and theirs:
                # If the client's half of the CPUs is the limit, rates flatter the more expensive proxy.
                lines.append(row(aim, ours.rate / theirs.rate, factor, cpu=f"{theirs.cpu / ours.cpu:.2f}" if ours.cpu else ""))
            else:
                lines.append(f"| {aim} | not measured | | |")
    for connections in all_connections:
        ours, direct = median(results, flushed, connections), median(results, "direct", connections)
        if ours is None or direct is None:
            continue
        if connections == 1:
            lines.append(row("records flushed, 1 connection: added p50 ≤ 1.25 × fdatasync", (ours.p50 - direct.p50) / flush, 1.25,
                             most=True))
        limit = min(cpus / ours.cpu, connections / flush) if ours.cpu else connections / flush
        aim = f"records flushed, {counted(connections)}: requests/s ≥ 0.85 × min(CPUs ÷ CPU per request, connections ÷ fdatasync)"
        lines.append(row(aim, ours.rate / limit, 0.85))
    return [*lines, ""]


def row(aim: str, found: float, factor: float, most: bool = False, cpu: str = "") -> str:
    met = found <= factor if most else found >= factor
    verdict = "met" if met else f"missed by a factor of {max(found / factor, factor / max(found, 1e-9)):.2f}"
    return f"| {aim} | {found:.2f} | {verdict} | {cpu} |"


def percentile(values: list[float], share: float) -> float:
    """The smallest value that is not below `share` of all."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
