"""A process that trains one run after another: `python -m depthtransfer.sweeps.worker`.

It reads one JSON line of setup and one of specification a run from standard input, keeps finished runs in the store,
and writes one JSON line an event to standard output. One thread; parallelism is several of these side by side.
"""

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from depthtransfer.errors import UserError

PROGRESS_EVERY = 0.5
"""Seconds between two progress events."""


def main(commands: TextIO, events: TextIO) -> int:
    """Serve until standard input ends; a closed output (the parent is gone) ends it too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; a run in flight is lost, none that finished

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
    return 0


def serve(commands: TextIO, emit: Any) -> None:
    """Answer every specification with progress and done events."""
    import torch

    from depthtransfer.data import Declaration
    from depthtransfer.sweeps.execution import Executor
    from depthtransfer.sweeps.spec import RunSpec
    from depthtransfer.sweeps.store import Store
    from depthtransfer.training.allocation import keep_freed_memory
    from depthtransfer.training.determinism import make_deterministic

    setup = json.loads(commands.readline())
    make_deterministic()
    keep_freed_memory()
    device = setup["device"]
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("the preset asks for cuda and torch sees no GPU", "set device: cpu or auto in the preset")
    declarations = {name: Declaration.model_validate(d) for name, d in setup["declarations"].items()}
    executor = Executor(declarations, Path(setup["data_directory"]), device)
    store = Store(local=Path(setup["store"]), layers=())
    emit({"event": "ready"})
    while line := commands.readline():
        spec = RunSpec.from_fields(json.loads(line))
        last = time.monotonic()

        def on_progress(step: int, loss: float, key: str = spec.key) -> None:
            nonlocal last
            if time.monotonic() - last >= PROGRESS_EVERY:
                last = time.monotonic()
                emit({"event": "progress", "key": key, "step": step, "loss": loss})

        record = executor.run(spec, on_progress)
        store.write(record)
        emit(
            {
                "event": "done",
                "key": spec.key,
                "status": record.summary["status"],
                "loss": record.series["loss"][-1],
                "seconds": record.provenance["seconds"],
            }
        )


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
