"""One writer: a job that is started again first ends what is left of its predecessor.

After Snakemake was killed, its jobs live on for a while and write where their successors write. Each job holds a lock,
which the system gives back however the job ends. A successor on the same machine asks the holder to stop, upon which a
training saves a checkpoint, and goes on once it has.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import socket
import time
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from fineprint.core.progress import logger
from fineprint.core.settings import SettingsError

FOLDER = Path(".snakemake/fineprint/jobs")
PATIENCE = 600.0  # seconds for a checkpoint of a large model
INSIST = 60.0  # seconds after which a holder that did not heed SIGTERM is killed
PAUSE = 0.2


def name_lock(script: str, arguments: Sequence[str]) -> Path:
    """Return the lock of a job, by its script and the files that it reads and makes: settings may have changed."""
    files = [argument for argument in arguments if argument.startswith("results/")]
    return FOLDER / hashlib.sha256("\0".join([Path(script).name, *files]).encode()).hexdigest()[:32]


def hold_alone(lock: Path, patience: float = PATIENCE, insist: float = INSIST) -> TextIOWrapper:
    """Return a lock that is held until the process ends; keep the file, or it is given back.

    Raises:
        SettingsError: another job holds it, and cannot be ended from here or did not end in time.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    file = lock.open("a+", encoding="utf-8")
    start, asked = time.monotonic(), False
    while not try_lock(file):
        holder = read_holder(file)
        if not asked:
            logger.info("Ending an earlier process of this job first: %s.", describe(holder))
            ask_to_stop(holder, signal.SIGTERM)
            asked = True
        waited = time.monotonic() - start
        if waited > insist:
            ask_to_stop(holder, signal.SIGKILL)
        if waited > patience:
            raise SettingsError(f"this job is still being run by {describe(holder)}; end it, or wait, and start again")
        time.sleep(PAUSE)
    file.seek(0)
    file.truncate()
    json.dump({"process": os.getpid(), "machine": socket.gethostname()}, file)
    file.flush()
    return file


def try_lock(file: TextIOWrapper) -> bool:
    """Take the lock if nobody has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks: as if there were none
    return True


def read_holder(file: TextIOWrapper) -> dict[str, object]:
    """Return who wrote itself into the lock; nothing where that is not readable yet."""
    file.seek(0)
    try:
        return dict(json.loads(file.read() or "{}"))
    except ValueError:
        return {}


def ask_to_stop(holder: dict[str, object], number: signal.Signals) -> None:
    """Send a signal to the holder, if it is a process of this machine."""
    process = holder.get("process")
    if holder.get("machine") != socket.gethostname() or not isinstance(process, int):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)


def describe(holder: dict[str, object]) -> str:
    """Return who holds a lock, in words."""
    return f"process {holder.get('process', 'unknown')} on {holder.get('machine', 'another machine')}"
