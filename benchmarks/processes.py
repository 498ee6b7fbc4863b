"""What the processes of a server use of CPU and memory. Linux only."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import psutil

MEBIBYTE = 1_048_576
# Less than this share of a core is what processes use that wait for work.
_AT_REST = 0.05
_SETTLE_SECONDS = 300


class Processes:
    """Groups of processes, each given by the process ids of its parents; children belong to it."""

    def __init__(self, pids: Mapping[str, Sequence[int]]) -> None:
        self._parents = {name: [psutil.Process(pid) for pid in group] for name, group in pids.items()}
        self.names = list(pids)

    def cpu_seconds(self) -> dict[str, float]:
        """Return the CPU seconds that each group has used, those of ended children included."""
        return {name: sum(map(_cpu_seconds, self._family(name))) for name in self.names}

    def memory(self) -> dict[str, tuple[int, float]]:
        """Return how many processes each group has, and their MiB (PSS: shared pages count in parts)."""
        families = {name: self._family(name) for name in self.names}
        return {
            name: (len(family), sum(each.memory_full_info().pss for each in family) / MEBIBYTE)
            for name, family in families.items()
        }

    def settle(self) -> None:
        """Wait until all have done what they had to do. Raises RuntimeError when they never have."""
        if not self.names:
            return
        deadline, used = time.monotonic() + _SETTLE_SECONDS, sum(self.cpu_seconds().values())
        quiet = 0
        while quiet < 2:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{', '.join(self.names)} still at work after {_SETTLE_SECONDS} s")
            time.sleep(1)
            before, used = used, sum(self.cpu_seconds().values())
            quiet = quiet + 1 if used - before < _AT_REST * len(self.names) else 0

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let all of them stand still meanwhile."""
        everybody = [process for name in self.names for process in self._family(name)]
        for process in everybody:
            process.suspend()
        try:
            yield
        finally:
            for process in everybody:
                process.resume()

    def _family(self, name: str) -> list[psutil.Process]:
        return [each for parent in self._parents[name] for each in (parent, *parent.children(recursive=True))]


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(used.user + used.system + used.children_user + used.children_system)
