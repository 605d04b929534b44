"""Worker processes side by side, fed one run at a time, dearest first."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from depthtransfer.errors import UserError
from depthtransfer.sweeps.grid import ExperimentRuns, Request

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass
class Pool:
    """A fixed number of workers over a queue of runs.

    Args:
        sweep: where the runs come from; names device and data sets.
        store: folder of the local layer, which the workers write.
        data_directory: where the images lie.
        workers: processes at a time, each with one thread.
    """

    sweep: ExperimentRuns
    store: Path
    data_directory: Path
    workers: int
    _queue: deque[Request] = field(default_factory=deque)
    _events: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)
    _processes: list["subprocess.Popen[str]"] = field(default_factory=list)
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _closing: bool = False

    def run(self, requests: Sequence[Request]) -> Generator[dict[str, Any], None, None]:
        """Train all and yield events (progress, done, failed) as they come.

        Closing the iterator, or an exception in its consumer, ends the workers; finished runs are kept.

        Raises:
            UserError: what a worker could not put right (data, disk, device).
        """
        self._queue.extend(requests)
        threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(min(self.workers, len(requests)))]
        alive = len(threads)
        try:
            for thread in threads:
                thread.start()
            while alive:
                event = self._events.get()
                if event["event"] == "idle":
                    alive -= 1
                elif event["event"] == "error":
                    raise _user_error(event)
                else:
                    yield event
        finally:
            with self._starting:
                self._closing = True
            for process in self._processes:
                process.terminate()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

    def _serve(self) -> None:
        """Feed workers until the queue is empty; a worker that dies costs its run alone and is replaced."""
        process: subprocess.Popen[str] | None = None
        try:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited: Ctrl-C reaches this process alone
            while not self._closing:
                try:
                    request = self._queue.popleft()
                except IndexError:
                    break
                process = process or self._start()
                if process is not None and not self._train(process, request):
                    _end(process)
                    process = None
        except Exception as error:  # handed to the consumer's thread, which raises it
            what = f"a worker process cannot be used: {type(error).__name__}: {error}"
            self._events.put({"event": "error", "what": what, "remedy": "run the same command again"})
        finally:
            if process is not None:
                _end(process)
            self._events.put({"event": "idle"})

    def _start(self) -> "subprocess.Popen[str] | None":
        with self._starting:
            if self._closing:
                return None
            process = subprocess.Popen(
                [sys.executable, "-m", "depthtransfer.sweeps.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
                env=os.environ | ONE_THREAD,
            )
            self._processes.append(process)
        setup = {
            "device": self.sweep.device,
            "store": str(self.store),
            "data_directory": str(self.data_directory),
            "declarations": {n: d.model_dump(mode="json") for n, d in self.sweep.declarations.items()},
        }
        _send(process, setup)
        return process

    def _train(self, process: "subprocess.Popen[str]", request: Request) -> bool:
        """Hand one run to a worker and pass its events on; False if the worker is no longer there."""
        key = request.spec.key
        _send(process, request.spec.fields())
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] != "ready":
                self._events.put(event)
            if event["event"] == "done":
                return True
            if event["event"] == "error":
                return False
        self._events.put({"event": "failed", "key": key, "why": _cause(process.wait())})
        return False


def _send(process: "subprocess.Popen[str]", message: dict[str, Any]) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        return  # the worker is gone; reading its output says why


def _end(process: "subprocess.Popen[str]") -> None:
    """Close a worker's input, which ends it after its run, and wait."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.wait()
    process.stdout.close()


def _cause(code: int) -> str:
    if code == -signal.SIGKILL:
        return "its process was killed, probably for lack of memory"
    return f"its process ended by {signal.Signals(-code).name}" if code < 0 else f"its process exited with {code}"


def _user_error(event: dict[str, Any]) -> UserError:
    error = UserError(event["what"], event["remedy"])
    error.exit_code = event.get("exit_code", 1)
    return error
