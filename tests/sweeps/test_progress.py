import io
import sys
from typing import Any

import pytest

from depthtransfer.sweeps import progress
from depthtransfer.sweeps.grid import Request, load_runs
from depthtransfer.sweeps.progress import Progress, spoken


@pytest.fixture
def requests(tiny_project: Any) -> list[Request]:
    return list(load_runs("tiny", "cnn_learning_rate_sp").requests)


def done(request: Request, **more: Any) -> dict[str, Any]:
    return {"event": "done", "key": request.spec.key, "status": "ok", "loss": 0.5, "seconds": 1.0} | more


def events(requests: list[Request]) -> list[dict[str, Any]]:
    first, second, third = requests
    return [
        {"event": "progress", "key": first.spec.key, "step": 1, "loss": 2.25},
        done(first),
        done(second, status="diverged", loss=float("nan")),
        {"event": "failed", "key": third.spec.key, "why": "its process was killed"},
    ]


def shown(requests: list[Request], log: io.StringIO | None = None) -> None:
    with Progress("tiny/x", requests, 2, log) as progress:
        for event in events(requests):
            progress.update(event)


def test_a_log_says_what_is_trained_and_gets_one_line_for_every_run(requests: list[Request]) -> None:
    log = io.StringIO()
    shown(requests, log)
    first, *lines = log.getvalue().splitlines()
    assert first.startswith("tiny/x: 3 runs, 9 steps on 2 workers, likely about ")
    assert [line.split("; about ")[0] for line in lines] == [
        " 33.3%  1/3 runs, 3/9 steps, 0 diverged; cnn sp width=4 depth=3 lr=0.125 seed=0: loss 0.5",
        " 66.7%  2/3 runs, 6/9 steps, 1 diverged; cnn sp width=4 depth=3 lr=0.25 seed=0: diverged",
        "100.0%  3/3 runs, 9/9 steps, 1 diverged; cnn sp width=4 depth=3 lr=1e+08 seed=0: its process was killed",
    ]


def test_without_a_terminal_there_is_a_line_a_minute(
    requests: list[Request], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 30.0, 61.0, 70.0, 130.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    shown(requests)
    first, *lines = capsys.readouterr().err.splitlines()
    assert first.startswith("tiny/x: 3 runs, 9 steps")
    assert [line[:6] for line in lines] == [" 33.3%", "100.0%"]
    assert lines[0].endswith("; about 2 min left")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_and_is_left_as_it_was(requests: list[Request], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    shown(requests)
    assert "tiny/x" in terminal.getvalue()
    assert "3/3 runs, 9/9 steps, 1 diverged" in terminal.getvalue()
    assert "100%" in terminal.getvalue()

    def interrupted() -> None:
        with Progress("title", requests, 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.getvalue().count("\x1b[?25l") == terminal.getvalue().count("\x1b[?25h"), "the cursor is hidden"


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (200, "3 min"), (9000, "2.5 h")])
def test_times_are_spoken(seconds: float, text: str) -> None:
    assert spoken(seconds) == text
