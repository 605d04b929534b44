"""Checkpoints of runs in the middle, one file a run, so that a long run that was stopped goes on where it was."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer.errors import StoreError
from depthtransfer.files import open_regular, write_atomic
from depthtransfer.store.store import warn

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = "unfinished"
"""Beside the finished runs in the local store."""
FORMAT = "depthtransfer-state-1"
EVERY = 120.0
"""Seconds of training between two checkpoints; what is shorter is trained anew."""
EVERY_VARIABLE = "DEPTHTRANSFER_STATE_SECONDS"

_SUFFIX = ".safetensors"


class StoppedError(Exception):
    """A run was asked to stop and its checkpoint is kept, unless it was too young."""


@dataclass(frozen=True)
class Checkpoints:
    """A folder of checkpoints; any process of any machine may read, replace and remove them.

    A checkpoint is a function of the run and its step, so of two processes that train the same run either may win.

    Args:
        folder: where the files lie.
        conditions: what must be the same for a checkpoint to be continued (versions and kind of device); a run that
            began under others starts anew.
    """

    folder: Path
    conditions: str = ""

    def path(self, key: str) -> Path:
        """Where the checkpoint of a run lies."""
        return self.folder / f"{key}{_SUFFIX}"

    def save(self, key: str, state: "dict[str, Tensor]") -> None:
        """Keep a state, replacing the one before; training goes on without if the disk does not take it."""
        from safetensors.torch import save  # imports torch, which a shard with nothing to train does without

        described = {"format": FORMAT, "key": key, "conditions": self.conditions}
        try:
            write_atomic(self.path(key), save(state, described))
        except StoreError as error:
            warn(f"{error.what}: this run cannot be continued in the middle; it is trained on")

    def load(self, key: str) -> "dict[str, Tensor] | None":
        """Return the state of a run, or None if there is none that can be continued; a damaged one is removed."""
        from safetensors import SafetensorError, safe_open

        path = self.path(key)
        try:
            open_regular(path).close()
            with safe_open(path, framework="pt") as file:
                described = file.metadata() or {}
                state = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 (no mapping)
        except FileNotFoundError:
            return None
        except OSError as error:
            warn(f"{path} cannot be read: {error.strerror}; the run starts anew")
            return None
        except SafetensorError as error:
            self.reject(key, str(error))
            return None
        if described.get("format") != FORMAT or described.get("key") != key:
            self.reject(key, "it belongs to another run or format")
            return None
        if (begun := described.get("conditions")) != self.conditions:
            warn(f"{path} was begun with {begun}, this is {self.conditions}; the run starts anew")
            return None
        return state

    def reject(self, key: str, why: str) -> None:
        """Remove a checkpoint that cannot be used, and say so."""
        warn(f"{self.path(key)} is damaged: {why}; the run starts anew")
        self.discard([key])

    def discard(self, keys: Iterable[str]) -> None:
        """Remove the checkpoints of runs that are finished."""
        for key in keys:
            try:
                self.path(key).unlink(missing_ok=True)
            except OSError as error:
                warn(f"{self.path(key)} cannot be removed: {error.strerror}")

    def keys(self) -> frozenset[str]:
        """Runs of which there is a checkpoint."""
        return frozenset(path.name.removesuffix(_SUFFIX) for path in self.folder.glob(f"*{_SUFFIX}"))


@dataclass
class Timer:
    """When the checkpoint of the run in hand is due.

    Args:
        every: seconds of training between two checkpoints.
        stopping: somebody asks this process to end; the checkpoint is due at once.
    """

    every: float = EVERY
    stopping: bool = False
    _last: float = 0.0

    def start(self) -> None:
        """A run begins or goes on."""
        self._last = time.monotonic()

    def is_due(self) -> bool:
        """Whether to save now: it is time, or the last chance of a run that has trained for a while."""
        since = time.monotonic() - self._last
        return since >= (self.every / 10 if self.stopping else self.every)
