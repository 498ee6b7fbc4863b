"""What benchmarks/api.py found out, as Markdown tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.load import Times
from benchmarks.statements import Counted
from benchmarks.visible import Visible

_MISSING = "–"


@dataclass(frozen=True)
class Figures:
    """What one kind of request costs.

    ``cpu`` holds CPU seconds per request of each group of processes, as far as these are known; ``database``
    what a request makes PostgreSQL do before the answer, ``afterwards`` what the workers make it do then.
    """

    name: str
    times: Times
    cpu: dict[str, float]
    database: Counted | None = None
    afterwards: Counted | None = None

    @property
    def whole_cpu(self) -> float:
        """CPU seconds per request of all processes."""
        return sum(self.cpu.values())


def request_table(rows: Sequence[Figures]) -> list[str]:
    """Return the figures; the first row is what the others are multiples of."""
    hello, groups = rows[0], list(rows[0].cpu)
    heads = ["request", "requests/s", "p50 ms", "p99 ms", "SQL", "SQL ms", "SQL afterwards"]
    heads += [f"CPU ms {name}" for name in groups] + ["× hello, web", "× hello, all"]
    return table(
        heads,
        [
            [
                row.name,
                f"{row.times.requests / row.times.seconds:.0f}",
                f"{row.times.p50 * 1000:.1f}",
                f"{row.times.p99 * 1000:.1f}",
                *_statements(row),
                *(f"{row.cpu[name] * 1000:.2f}" for name in groups),
                _ratio(row.cpu.get("web", 0.0), hello.cpu.get("web", 0.0)),
                _ratio(row.whole_cpu, hello.whole_cpu),
            ]
            for row in rows
        ],
    )


def _statements(row: Figures) -> list[str]:
    if row.database is None or row.afterwards is None:
        return [_MISSING] * 3
    counted = [f"{row.database.statements:.1f}", f"{row.database.seconds * 1000:.2f}"]
    return [*counted, f"{row.afterwards.statements:.1f}"]


def growth_table(small: Sequence[Figures], large: Sequence[Figures], scale: int) -> list[str]:
    """Return what became of the figures when the server grew ``scale`` times."""
    heads = ["request", "p50 ms", f"p50 ms × {scale}", "ratio"]
    heads += ["CPU ms", f"CPU ms × {scale}", "ratio", "SQL ms", f"SQL ms × {scale}", "ratio"]
    rows = []
    for before, after in zip(small, large, strict=True):
        pairs = [(before.times.p50, after.times.p50), (before.whole_cpu, after.whole_cpu)]
        if before.database is not None and after.database is not None:
            pairs.append((before.database.seconds, after.database.seconds))
        cells = [
            cell
            for one, other in pairs
            for cell in (
                f"{one * 1000:.2f}",
                f"{other * 1000:.2f}",
                f"{other / one:.2f}" if one else _MISSING,
            )
        ]
        rows.append([before.name, *cells])
    return table(heads, rows)


def visible_table(visible: Visible, followers: int) -> list[str]:
    """Return how long new posts took to be in a follower's home."""
    heads = [f"{visible.posts} posts to {followers} followers, counted", "p50 ms", "p99 ms"]
    rows = [
        ("from the answer to the post", visible.p50, visible.p99),
        ("from the request", visible.p50_from_request, visible.p99_from_request),
    ]
    return table(heads, [[name, f"{p50 * 1000:.0f}", f"{p99 * 1000:.0f}"] for name, p50, p99 in rows])


def memory_table(memory: dict[str, tuple[int, float]]) -> list[str]:
    """Return the memory of processes by name, with the sum of all."""
    counts, mebibytes = zip(*memory.values(), strict=True)
    rows = [*memory.items(), ("all", (sum(counts), sum(mebibytes)))]
    cells = [[name, str(count), f"{size:.0f}"] for name, (count, size) in rows]
    return table(["process", "processes", "PSS, MiB"], cells)


def _ratio(value: float, baseline: float) -> str:
    return f"{value / baseline:.1f}" if baseline else _MISSING


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table: names on the left, figures on the right."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
