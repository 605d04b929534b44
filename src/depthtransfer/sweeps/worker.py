"""A process that trains one run after another: `python -m depthtransfer.sweeps.worker`.

It reads one JSON line of setup and one of specification a run from standard input, keeps finished runs in the store,
and writes one JSON line an event to standard output. One thread; parallelism is several of these side by side.

SIGTERM, or a parent that is gone, ends it after the step in hand; a run that has trained for a while leaves its state
and is continued by whoever trains it next.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import torch

from depthtransfer.data import Declaration
from depthtransfer.errors import ConfigurationError, UserError
from depthtransfer.store.store import Store
from depthtransfer.sweeps.checkpoint import EVERY, EVERY_VARIABLE, FOLDER, Checkpoints, StoppedError, Timer
from depthtransfer.sweeps.execution import Executor
from depthtransfer.sweeps.spec import RunSpec
from depthtransfer.training.process import keep_freed_memory, make_deterministic

PROGRESS_EVERY = 0.5
"""Seconds between two progress events."""

STOPPED = 128 + signal.SIGTERM


def main(commands: TextIO, events: TextIO) -> int:
    """Serve until standard input ends; a closed output (the parent is gone) ends it too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    try:
        serve(commands, emit)
    except UserError as error:
        emit({"event": "error", "what": error.what, "remedy": error.remedy, "exit_code": error.exit_code})
        return error.exit_code
    except BrokenPipeError:
        return 1
    except StoppedError:
        return STOPPED
    return 0


def prepared(device: str) -> str:
    """Make this process train as every worker does; return the device that `auto` stands for.

    Raises:
        UserError: if cuda is asked for and torch sees no GPU.
    """
    make_deterministic()
    keep_freed_memory()
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("the preset asks for cuda and torch sees no GPU", "set device: cpu or auto in the preset")
    return device


def serve(commands: TextIO, emit: Any) -> None:
    """Answer every specification with progress and done events."""
    setup = json.loads(commands.readline())
    device = prepared(setup["device"])
    declarations = {name: Declaration.model_validate(d) for name, d in setup["declarations"].items()}
    executor = Executor(declarations, Path(setup["data_directory"]), device)
    store = Store(local=Path(setup["store"]), layers=())
    checkpoints = Checkpoints(store.local / FOLDER, conditions=f"torch {torch.__version__} on {device}")
    emit({"event": "ready"})
    while line := commands.readline():
        spec = RunSpec.from_fields(json.loads(line))
        last = time.monotonic()
        timer = Timer(seconds_between_checkpoints())

        def on_progress(step: int, loss: float, key: str = spec.key, timer: Timer = timer) -> None:
            nonlocal last
            if time.monotonic() - last >= PROGRESS_EVERY:
                last = time.monotonic()
                try:
                    emit({"event": "progress", "key": key, "step": step, "loss": loss})
                except BrokenPipeError:
                    timer.stopping = True

        stored = store.read([spec.key])  # by another build that shares the store, since this one looked
        if stored:
            record, _ = stored[spec.key]
        else:
            with stopping_gently(timer):
                record = executor.run(spec, on_progress, checkpoints, timer)
                store.write(record)
        checkpoints.discard([spec.key])
        emit(
            {
                "event": "done",
                "key": spec.key,
                "status": record.summary["status"],
                "loss": record.series["loss"][-1],
                "seconds": record.provenance["seconds"],
                "trained": not stored,
            }
        )


def seconds_between_checkpoints() -> float:
    """Seconds of training between two checkpoints of a run, which DEPTHTRANSFER_STATE_SECONDS may change.

    Raises:
        ConfigurationError: if the variable is no positive number.
    """
    text = os.environ.get(EVERY_VARIABLE, str(EVERY))
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise ConfigurationError(f"{EVERY_VARIABLE}={text}", "give a positive number of seconds")
    return seconds


@contextmanager
def stopping_gently(timer: Timer) -> Iterator[None]:
    """Let SIGTERM wait for the end of the step in hand; outside, it ends this process at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        timer.stopping = True

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
