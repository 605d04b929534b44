"""Keeps the state of the run in hand when it is due, and begins a run where it was stopped."""

from collections.abc import Callable
from dataclasses import dataclass

from depthtransfer.sweeps.unfinished import Pace, StoppedError, Unfinished
from depthtransfer.training.loop import History
from depthtransfer.training.state import Parts, restore, snapshot


@dataclass(frozen=True)
class Keeper:
    """Beside one run.

    Args:
        key: of the run.
        parts: whose state is kept.
        states: where; nothing is kept or continued without.
        pace: when, and whether to stop.
        on_progress: called with steps done and loss whenever losses were looked at.
    """

    key: str
    parts: Parts
    states: Unfinished | None
    pace: Pace
    on_progress: Callable[[int, float], None]

    def begin(self) -> History:
        """Return the rows of the run so far, its parts standing after the last one; none for a new run.

        Raises:
            ValueError: if the state does not fit the run.
        """
        self.pace.start()
        state = None if self.states is None else self.states.load(self.key)
        return History() if state is None else restore(state, self.parts)

    def reject(self, why: str) -> None:
        """Remove a state that did not fit."""
        if self.states is not None:
            self.states.reject(self.key, why)

    def watch(self, history: History) -> None:
        """Report progress, and keep the state if it is due.

        Raises:
            StoppedError: if this process is to end.
        """
        self.on_progress(len(history.loss), history.loss[-1])
        if history.diverged_step is not None:
            return
        if self.states is not None and self.pace.is_due():
            self.states.save(self.key, snapshot(self.parts, history))
            self.pace.start()
        if self.pace.stopping:
            raise StoppedError
