"""Sets up what bin/up and bin/test run in: a virtual environment with the locked packages.

Standard library only, and old syntax on purpose: this file has to parse on a Python that is too old for the
server, to be able to say so.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed-lock")
OLDEST_PYTHON = (3, 11)
LOCAL_LOCK = "requirements-local.lock"
DEV_LOCK = "requirements-dev.lock"  # holds all of the local lock, with the same versions


def run_in_environment(lock, arguments):
    """Install the packages of `lock` unless they are there, and become `.venv/bin/python arguments…`."""
    require_python()
    set_up(lock)
    os.execv(VENV_PYTHON, [VENV_PYTHON] + arguments)


def require_python():
    """End with one line when this Python is too old; name a newer one when the machine has it."""
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return
    advice = "install Python 3.11 or newer (or uv) and start again"
    for minor in (13, 12, 11):
        name = "python3.{}".format(minor)
        if shutil.which(name):
            advice = "run: {} {}".format(name, " ".join(sys.argv))
            break
    fail("Python {}.{} is too old: {}.".format(sys.version_info[0], sys.version_info[1], advice))


def set_up(lock):
    """Make `.venv` complete for `lock`; a second call finds its stamp and does nothing."""
    import fcntl

    os.makedirs(os.path.join(ROOT, "var"), exist_ok=True)
    with open(os.path.join(ROOT, "var", "setup.lock"), "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # bin/up and bin/test may be started at the same moment
        locks = [DEV_LOCK] if lock == DEV_LOCK else [LOCAL_LOCK, DEV_LOCK]
        version = venv_version()
        if version and installed_stamp() in [stamp_of(each, version) for each in locks]:
            return
        install(lock, version)


def install(lock, version):
    """Build `.venv`, with uv when it is there, and note what is in it."""
    uv = shutil.which("uv")
    say("Installing the packages of {} into .venv (only when they change) …".format(lock))
    if not version:
        make_venv(uv)
        version = venv_version()
    lock_path = os.path.join(ROOT, lock)
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", VENV_PYTHON, "--compile-bytecode"]
    else:
        command = [
            VENV_PYTHON,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ]
    run(command + ["--require-hashes", "--only-binary", ":all:", "-r", lock_path])
    for folder in site_packages():
        with open(os.path.join(folder, "genosocial.pth"), "w") as path_file:
            path_file.write(ROOT + "\n")  # the server's own packages, from any working folder
    with open(STAMP, "w") as stamp:
        stamp.write(stamp_of(lock, version))


def make_venv(uv):
    """Make an empty `.venv`, in place of a broken or too old one."""
    if os.path.isdir(VENV):
        shutil.rmtree(VENV)
    if uv:
        run([uv, "venv", "--quiet", "--python", sys.executable, VENV])
        return
    if importlib.util.find_spec("ensurepip") is None:
        fail(
            "This Python cannot make a virtual environment: apt install python{}.{}-venv (or install uv), "
            "then start again.".format(sys.version_info[0], sys.version_info[1])
        )
    run([sys.executable, "-m", "venv", VENV])


def venv_version():
    """The Python version of `.venv`, or None when it is missing, broken or too old."""
    program = "import sys; assert sys.version_info >= (3, 11); print('%d.%d.%d' % sys.version_info[:3])"
    try:
        output = subprocess.check_output([VENV_PYTHON, "-I", "-c", program], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    return output.decode().strip()


def installed_stamp():
    if not os.path.isfile(STAMP):
        return None
    with open(STAMP) as stamp:
        return stamp.read()


def stamp_of(lock, version):
    """What is written when the packages of `lock` are in: they, the Python and the place of this folder."""
    with open(os.path.join(ROOT, lock), "rb") as content:
        digest = hashlib.sha256(content.read()).hexdigest()
    return "{} {} {}\n".format(digest, version, ROOT)


def site_packages():
    library = os.path.join(VENV, "lib")
    return [os.path.join(library, name, "site-packages") for name in os.listdir(library)]


def run(command):
    """Run a step of the set-up; end with one line when it fails."""
    if subprocess.call(command):
        fail("The set-up stopped at this step (its reason is above): {}".format(" ".join(command)))


def say(line):
    sys.stderr.write(line + "\n")


def fail(line):
    sys.stderr.write(line + "\n")
    sys.exit(1)


if __name__ == "__main__":
    require_python()
    set_up(DEV_LOCK)
