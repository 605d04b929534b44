"""A warm process that answers one JSON line with another, so that its start-up is outside every measurement."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Lane:
    """`python -m MODULE` behind a pair of pipes.

    Args:
        module: module that serves JSON lines.
        threads: number of threads given to its libraries; None leaves them to their own default.
    """

    def __init__(self, module: str, threads: int | None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=_environment(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.process.terminate()
        self.process.communicate()

    def send(self, message: Mapping[str, Any]) -> None:
        """Hand over one message."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def receive(self, event: str) -> dict[str, Any]:
        """Wait for the next message of this kind; others are passed over.

        Raises:
            RuntimeError: if the process reports an error or ends.
        """
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message: dict[str, Any] = json.loads(line)
            if message["event"] == event:
                return message
            if message["event"] == "error":
                raise RuntimeError(f"{self.process.args!r}: {message}")
        raise RuntimeError(f"{self.process.args!r} ended with exit code {self.process.wait()}")


def _environment(threads: int | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in THREAD_VARIABLES}
    return kept if threads is None else kept | dict.fromkeys(THREAD_VARIABLES, str(threads))
