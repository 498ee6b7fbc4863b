"""The apps' libraries in JavaScript: installs them once, and lets them walk over a server.

The walks are in tests/clients/js. Each prints one line of JSON for each of its steps, so that a failure names
the step; it asks for what only a person can give it the same way.
"""

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "clients" / "js"
VAR = Path(__file__).parents[1] / "var"
STAMP = FOLDER / "node_modules" / "installed-lock"
PROGRAMS = Path(sys.executable).parent


def walks_of(library: str) -> list[str]:
    """Return the names of the walks of a library, in the order of its file."""
    return re.findall(r"^export async function (\w+)", (FOLDER / f"{library}.js").read_text(), re.MULTILINE)


def install_libraries() -> None:
    """Install what the lock file names, unless it is there; parallel processes wait for the first."""
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    VAR.mkdir(exist_ok=True)
    with (VAR / "javascript.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if STAMP.is_file() and STAMP.read_text() == wanted:
            return
        # Whom the machine trusts, npm trusts: it has a list of its own.
        trusting = {**os.environ, "NODE_USE_SYSTEM_CA": "1"}
        done = subprocess.run(
            [PROGRAMS / "npm", "ci"], cwd=FOLDER, env=trusting, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        STAMP.write_text(wanted)


def walk(
    library: str, name: str, world: dict[str, Any], answer: Callable[[str], str] = lambda question: ""
) -> list[str]:
    """Let a library walk, and return its steps; fails with the steps that failed.

    ``world`` is what the walk knows from the start, ``answer`` a person who is asked for something.
    """
    with subprocess.Popen(
        [PROGRAMS / "node", "walk.js", library, name],
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"], "WORLD": json.dumps(world), "NO_COLOR": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        steps, rest = _follow(process, answer)
    failures = [f"{step['step']}: {step['failure']}" for step in steps if "failure" in step]
    assert not failures, "\n".join(failures)
    assert process.returncode == 0 and steps, "".join(rest)
    return [step["step"] for step in steps]


def _follow(
    process: subprocess.Popen[str], answer: Callable[[str], str]
) -> tuple[list[dict[str, str]], list[str]]:
    """Read to the end what a walk says, and answer it; returns its steps, and what was none."""
    assert process.stdin is not None and process.stdout is not None
    steps, rest = [], []
    for line in process.stdout:
        try:
            said = json.loads(line)
        except ValueError:
            rest.append(line)
            continue
        if "ask" in said:
            process.stdin.write(answer(said["ask"]) + "\n")
            process.stdin.flush()
        else:
            steps.append(said)
    return steps, rest
