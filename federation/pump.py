"""Sends what is owed: one pump per process keeps many posts in flight on the wire's loop.

Called by the job in `federation/tasks.py`. The job's thread claims rows and writes down what became of them,
two threads sign (RSA lets the others run meanwhile), the loop waits for sockets. Nobody waits for a host that
hangs: its post makes room for others after a second, and its host gets one at a time until it answers well.
"""

import asyncio
import math
import queue
import resource
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import structlog

from core import http
from core.errors import NotFound, RemoteUnreachable
from federation import followers_sync
from federation.claims import Owed, claim_deliveries
from federation.keys import Signer, signer_for
from federation.outcomes import Outcome, Verdict, judge_answer, record_outcomes
from federation.signatures.outgoing import Scheme, asks_for_second_knock

# Posts that may still be answered any moment; those of slow hosts come on top.
MAX_QUICK = 256
MAX_IN_FLIGHT = 1280
QUICK_SECONDS = 1.0
# Files that a process needs for everything but its posts.
_OTHER_FILES = 512
_SIGNING_THREADS = 2
_SIGNED_AT_ONCE = 8
# Answers come in droves; what has come within this is written down together.
_GATHER_SECONDS = 0.05
# Fewer free places than this part of all are not worth a claim, as long as answers may come any moment.
_WORTH_A_CLAIM = 4
# How long to do without looking for what became due, when the last look found nothing.
_LOOK_SECONDS = 0.25

_pumping = threading.Lock()
_wanted = threading.Event()
_stopping = threading.Event()
_signing = ThreadPoolExecutor(_SIGNING_THREADS, thread_name_prefix="sign")
logger = structlog.get_logger(__name__)

Signers = dict[str, Signer | None]
Answers = queue.SimpleQueue[tuple[Owed, Outcome]]
_KEYLESS = Outcome(Verdict.GIVE_UP, host_failed=False, status=None, reason="the sender has no key")
_OUR_FAULT = Outcome(Verdict.RETRY, host_failed=False, status=None, reason="an error of ours, see the log")


def pump_deliveries() -> None:
    """Send everything that is due, until nothing is left or the process stops.

    Only one thread of a process pumps; the others leave at once, having made the pumping one look again.
    """
    _wanted.set()
    while _wanted.is_set() and not _stopping.is_set() and _pumping.acquire(blocking=False):
        try:
            _Pump().run()
        finally:
            _pumping.release()


def stop() -> None:
    """Claim nothing more in this process: it ends as soon as what is in flight has come back."""
    _stopping.set()


class _Pump:
    """What is in flight, and since when: from when it is sent, so that nobody hurries when we are slow."""

    def __init__(self) -> None:
        self._in_flight: dict[int, float] = {}
        self._per_host: Counter[str] = Counter()
        self._full: set[str] = set()
        self._signers: Signers = {}
        self._answers: Answers = queue.SimpleQueue()
        self._next_look_at = 0.0

    def run(self) -> None:
        """Send until nothing is due and nothing in flight."""
        while True:
            now = time.monotonic()
            if (now >= self._next_look_at or _wanted.is_set()) and not _stopping.is_set():
                self._send_more(now)
            if not self._in_flight:
                return
            self._write_down(self._gathered())

    def _send_more(self, now: float) -> None:
        room = self._room(now)
        if room <= 0:
            return
        _wanted.clear()
        held = {host: number for host, number in self._per_host.items() if host not in self._full}
        claimed = claim_deliveries(room, datetime.now(UTC), held=held, full=tuple(self._full))
        if not claimed:
            self._next_look_at = now + _LOOK_SECONDS
        for owed in claimed:
            self._in_flight[owed.id] = math.inf
            self._per_host[owed.host] += 1
            if self._per_host[owed.host] >= owed.at_once:
                self._full.add(owed.host)
            if owed.sender_uri not in self._signers:
                self._signers[owed.sender_uri] = _find_signer(owed.sender_uri)
        for start in range(0, len(claimed), _SIGNED_AT_ONCE):
            batch = claimed[start : start + _SIGNED_AT_ONCE]
            http.current_wire().submit(_send_all(batch, self._signers, self._in_flight, self._answers))

    def _room(self, now: float) -> int:
        """Return how many more may be sent; 0 when it is too early to ask for so few."""
        quick = sum(1 for sent_at in list(self._in_flight.values()) if sent_at > now - QUICK_SECONDS)
        room = min(MAX_QUICK - quick, _most_in_flight() - len(self._in_flight))
        return room if room >= MAX_QUICK // _WORTH_A_CLAIM or not quick else 0

    def _gathered(self) -> list[tuple[Owed, Outcome]]:
        try:
            answers = [self._answers.get(timeout=_LOOK_SECONDS)]
        except queue.Empty:
            return []
        time.sleep(_GATHER_SECONDS)
        while not self._answers.empty():
            answers.append(self._answers.get())
        return answers

    def _write_down(self, answers: Sequence[tuple[Owed, Outcome]]) -> None:
        if not answers:
            return
        for owed, _outcome in answers:
            del self._in_flight[owed.id]
            self._per_host[owed.host] -= 1
            self._full.discard(owed.host)
            if not self._per_host[owed.host]:
                del self._per_host[owed.host]
        record_outcomes(answers, datetime.now(UTC))


@cache
def _most_in_flight() -> int:
    """Return how many posts may be in flight, with as many files as the system lets us open."""
    wanted = MAX_IN_FLIGHT + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(MAX_QUICK // 2, soft - _OTHER_FILES)
    return MAX_IN_FLIGHT


def _find_signer(actor_uri: str) -> Signer | None:
    try:
        return signer_for(actor_uri)
    except NotFound:
        return None


# On the loop


async def _send_all(
    batch: Sequence[Owed], signers: Signers, in_flight: dict[int, float], answers: Answers
) -> None:
    """Sign a few deliveries, then send all of them; each gives its outcome as soon as it has one."""
    signed = await asyncio.get_running_loop().run_in_executor(_signing, _sign_all, batch, signers)
    in_flight.update((owed.id, time.monotonic()) for owed in batch)
    await asyncio.gather(
        *(
            _send(owed, signers[owed.sender_uri], headers, answers)
            for owed, headers in zip(batch, signed, strict=True)
        )
    )


async def _send(owed: Owed, signer: Signer | None, headers: dict[str, str] | None, answers: Answers) -> None:
    outcome = _OUR_FAULT
    try:
        if signer is None or headers is None:
            outcome = _KEYLESS
        else:
            outcome = await _knock(owed, signer, headers)
    except RemoteUnreachable as error:
        reason = f"{type(error).__name__}: {error.cause}"
        outcome = Outcome(Verdict.RETRY, host_failed=True, status=None, reason=reason)
    except Exception:
        logger.exception("delivery_not_tried", delivery_id=owed.id)
    finally:
        answers.put((owed, outcome))


async def _knock(owed: Owed, signer: Signer, headers: dict[str, str]) -> Outcome:
    """Send, and once more in the other scheme when the first may just not have been understood."""
    answer = await http.post(owed.inbox_url, owed.body, headers)
    scheme = None
    if asks_for_second_knock(answer.status):
        scheme = owed.scheme.other()
        headers = await asyncio.get_running_loop().run_in_executor(_signing, _headers, owed, signer, scheme)
        answer = await http.post(owed.inbox_url, owed.body, headers)
    outcome = judge_answer(answer.status, answer.headers, answer.body, datetime.now(UTC))
    return replace(outcome, scheme=scheme)


# On a signing thread


def _sign_all(batch: Sequence[Owed], signers: Signers) -> list[dict[str, str] | None]:
    return [_signed(owed, signers[owed.sender_uri]) for owed in batch]


def _signed(owed: Owed, signer: Signer | None) -> dict[str, str] | None:
    if signer is None:
        return None
    return _headers(owed, signer, owed.scheme)


def _headers(owed: Owed, signer: Signer, scheme: Scheme) -> dict[str, str]:
    headers = signer.sign_post(owed.inbox_url, owed.body, scheme)
    if owed.followers_digest:
        headers[followers_sync.HEADER] = followers_sync.render_header(owed.sender_uri, owed.followers_digest)
    return headers
