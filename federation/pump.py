"""Sends what is owed: one pump per process keeps many posts in flight on the wire's loop.

Called by the job in `federation/tasks.py`. Rows are claimed and written by the job's thread, signatures are
made there too; the loop only waits for sockets. A host that hangs holds its own few places, and nobody waits
for it.
"""

import threading
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import UTC, datetime

from core import http
from core.errors import NotFound, RemoteUnreachable
from federation.delivery import (
    PER_HOST_AT_ONCE,
    Outcome,
    Owed,
    Verdict,
    claim_deliveries,
    judge_answer,
    record_outcomes,
)
from federation.keys import Signer, signer_for

MAX_IN_FLIGHT = 96
# Fewer free places than this are not worth a query, as long as something is in flight.
_CLAIM_AT_LEAST = 8
# Answers come in droves; what has come within this is written down together.
_GATHER_SECONDS = 0.01
# A job ends after this and another goes on, so that the broker never takes it for lost.
_MAX_SECONDS = 120.0

_pumping = threading.Lock()
_wanted = threading.Event()


def pump_deliveries() -> bool:
    """Send everything that is due; returns whether time ran out before the end.

    Only one thread of a process pumps; the others leave at once, having made the pumping one look again.
    """
    _wanted.set()
    while _wanted.is_set() and _pumping.acquire(blocking=False):
        try:
            if _pump(time.monotonic() + _MAX_SECONDS):
                return True
        finally:
            _pumping.release()
    return False


def _pump(deadline: float) -> bool:
    in_flight: dict[Future[http.Answer], Owed] = {}
    signers: dict[str, Signer | None] = {}
    while True:
        is_late = time.monotonic() > deadline
        if not is_late and (not in_flight or MAX_IN_FLIGHT - len(in_flight) >= _CLAIM_AT_LEAST):
            _start(in_flight, signers)
        if not in_flight:
            return is_late
        wait(in_flight, timeout=1.0, return_when=FIRST_COMPLETED)
        time.sleep(_GATHER_SECONDS)
        finished = [future for future in in_flight if future.done()]
        answered = [(in_flight.pop(future), future) for future in finished]
        record_outcomes([(owed, _outcome(owed, future)) for owed, future in answered], datetime.now(UTC))


def _start(in_flight: dict[Future[http.Answer], Owed], signers: dict[str, Signer | None]) -> None:
    _wanted.clear()
    now = datetime.now(UTC)
    per_host = Counter(owed.host for owed in in_flight.values())
    busy = [host for host, count in per_host.items() if count >= PER_HOST_AT_ONCE]
    claimed = claim_deliveries(MAX_IN_FLIGHT - len(in_flight), busy, now)
    unsigned = []
    for owed in claimed:
        if owed.sender_uri not in signers:
            signers[owed.sender_uri] = _find_signer(owed.sender_uri)
        signer = signers[owed.sender_uri]
        if signer is None:
            unsigned.append(owed)
            continue
        headers = signer.sign_post(owed.inbox_url, owed.body)
        in_flight[http.current_wire().submit(http.post(owed.inbox_url, owed.body, headers))] = owed
    record_outcomes([(owed, _KEYLESS) for owed in unsigned], now)


_KEYLESS = Outcome(Verdict.GIVE_UP, host_failed=False, status=None, reason="the sender has no key")


def _find_signer(actor_uri: str) -> Signer | None:
    try:
        return signer_for(actor_uri)
    except NotFound:
        return None


def _outcome(owed: Owed, finished: Future[http.Answer]) -> Outcome:
    try:
        answer = finished.result()
    except RemoteUnreachable as error:
        reason = f"{type(error).__name__}: {error.cause}"
        return Outcome(Verdict.RETRY, host_failed=True, status=None, reason=reason)
    return judge_answer(owed, answer.status, answer.headers, datetime.now(UTC))
