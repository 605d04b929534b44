"""What a person sees while runs train: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from depthtransfer.sweeps.grid import Request
from depthtransfer.sweeps.shards import TYPICAL


def describe(request: Request) -> str:
    """One run in a few words."""
    spec = request.spec
    return (
        f"{spec.model} {spec.scheme} width={spec.width} depth={spec.depth} lr={spec.learning_rate:.4g} seed={spec.seed}"
    )


class Display(Protocol):
    """Shows the latest state; called for every event."""

    def show(self, text: str, finished: float, *, run_ended: bool) -> None:
        """Show a state: what to say, the finished share of the work, and whether a run has just ended."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Bar:
    """A progress bar with loss, runs done and time left (rich)."""

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.fields[title]}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task("starting workers", total=1.0, title=title)
        self._progress.start()

    def show(self, text: str, finished: float, *, run_ended: bool) -> None:
        """Advance the bar."""
        self._progress.update(self._task, completed=finished, description=text)

    def close(self) -> None:
        """Stop drawing."""
        self._progress.stop()


class Lines:
    """Plain lines for a log: one whenever a run ends, but at most one in a second."""

    def __init__(self, stream: TextIO, seconds_between: float) -> None:
        self._stream = stream
        self._between = seconds_between
        self._last = 0.0

    def show(self, text: str, finished: float, *, run_ended: bool) -> None:
        """Write a line if it is time."""
        if run_ended and (finished >= 1 or time.monotonic() - self._last >= self._between):
            self._last = time.monotonic()
            print(f"{finished:6.1%}  {text}", file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing to put back."""


class Progress:
    """Counts events and tells every display."""

    def __init__(self, title: str, requests: list[Request], log: TextIO | None = None) -> None:
        self._runs = {request.spec.key: request for request in requests}
        self._work = {key: TYPICAL.seconds(request) for key, request in self._runs.items()}
        self._total = sum(self._work.values())
        self._finished = 0.0
        self._partial: dict[str, float] = {}
        self._ended = self._diverged = 0
        terminal = sys.stderr.isatty()
        self._displays: list[Display] = [Bar(title) if terminal else Lines(sys.stderr, 15.0)]
        if log is not None:
            self._displays.append(Lines(log, 0.0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for display in self._displays:
            display.close()

    def update(self, event: dict[str, Any]) -> None:
        """Take in one event of the pool."""
        request = self._runs[event["key"]]
        key, run_ended = event["key"], event["event"] != "progress"
        if run_ended:
            self._partial.pop(key, None)
            self._finished += self._work[key]
            self._ended += 1
            self._diverged += event.get("status") == "diverged"
        else:
            self._partial[key] = self._work[key] * event["step"] / request.spec.steps
        result = event.get("why") or f"loss {event['loss']:.4g}"
        if event.get("status") == "diverged":
            result = "diverged"
        text = f"{self._ended}/{len(self._runs)} runs, {self._diverged} diverged; {describe(request)}: {result}"
        share = (self._finished + sum(self._partial.values())) / self._total
        if self._ended == len(self._runs):
            share = 1.0
        for display in self._displays:
            display.show(text, share, run_ended=run_ended)
