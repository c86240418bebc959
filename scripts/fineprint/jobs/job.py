"""What every script does around its main function: a CLI from its signature, logging, errors as sentences."""

import os
import sys
from collections.abc import Callable
from typing import Any

from fineprint.core.progress import logger, start_logging
from fineprint.core.settings import SettingsError
from fineprint.jobs.code_state import read_sources
from fineprint.jobs.importing import collecting_no_garbage
from fineprint.jobs.interruption import Interrupted
from fineprint.jobs.placement import describe_placement, write_line
from fineprint.jobs.processes import leave_processes
from fineprint.jobs.single_writer import hold_alone, name_lock


def run_job(main: Callable[..., Any], asks_the_hub: bool = False) -> None:
    """Run `main` with arguments from the command line; a user's mistake ends in a sentence, not in a traceback.

    Args:
        main: the script's work.
        asks_the_hub: whether it may; every other job finds what it needs on disk, or says what is to be fetched. The
            variables are read when the hub's libraries are imported, so they are set first.
    """
    from jsonargparse import auto_cli

    if not asks_the_hub:
        os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")
    start_logging()
    read_sources()  # as the job starts with them: an edit while it runs is none of its code
    if (placement := describe_placement()) is not None:
        logger.info("%s", write_line(placement))
    status = 0
    try:
        held = hold_alone(name_lock(sys.argv[0], sys.argv[1:])) if os.environ.get("RANK", "0") == "0" else None
        # Options only: rules name each argument, so that order means nothing.
        auto_cli(main, as_positional=False)
    except SettingsError as error:
        logger.error("Error: %s", error)
        status = 1
    except Interrupted as stop:
        logger.error("Stopped: %s.", stop)
        status = stop.status
    # Alone it does nothing. Several processes end in there; it says why not here.
    del held  # until here
    leave_processes(status)
    sys.exit(status)


def use_threads(threads: int) -> None:
    """Let torch and the tokenizers use as many threads as the job was given."""
    with collecting_no_garbage():
        import torch

    os.environ["RAYON_NUM_THREADS"] = str(threads)  # read when a tokenizer first works on many texts

    torch.set_num_threads(threads)
