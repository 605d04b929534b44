"""States of runs in the middle, one file a run, so that a long run that was stopped goes on where it was."""

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from depthtransfer.errors import StoreError
from depthtransfer.files import read_regular, write_atomic
from depthtransfer.store.store import warn

if TYPE_CHECKING:
    from torch import Tensor


FOLDER = "unfinished"
"""Beside the finished runs in the local store."""
FORMAT = "depthtransfer-state-1"
EVERY = 120.0
"""Seconds of training between two states; what is shorter is trained anew."""
EVERY_VARIABLE = "DEPTHTRANSFER_STATE_SECONDS"

_SUFFIX = ".safetensors"
_CHECKSUM = "sha256"


class StoppedError(Exception):
    """A run was asked to stop and its state is kept, unless it was too young."""


@dataclass(frozen=True)
class Checkpoints:
    """A folder of states; any process of any machine may read, replace and remove them.

    A state is a function of the run and its step, so of two processes that train the same run either may win.

    Args:
        folder: where the files lie.
        conditions: what must be the same for a state to be continued (versions and kind of device); a run that began
            under others starts anew.
    """

    folder: Path
    conditions: str = ""

    def path(self, key: str) -> Path:
        """Where the state of a run lies."""
        return self.folder / f"{key}{_SUFFIX}"

    def save(self, key: str, state: "dict[str, Tensor]") -> None:
        """Keep a state, replacing the one before; training goes on without if the disk does not take it."""
        from safetensors.torch import save

        described = {"format": FORMAT, "key": key, "conditions": self.conditions}
        described[_CHECKSUM] = _checksum(described, state)
        try:
            write_atomic(self.path(key), save(state, described))
        except StoreError as error:
            warn(f"{error.what}: this run cannot be continued in the middle; it is trained on")

    def load(self, key: str) -> "dict[str, Tensor] | None":
        """Return the state of a run, or None if there is none that can be continued; a damaged one is removed."""
        from safetensors import SafetensorError
        from safetensors.torch import load

        path = self.path(key)
        try:
            content = read_regular(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            warn(f"{path} cannot be read: {error.strerror}; the run starts anew")
            return None
        try:
            state, described = load(content), _description(content)
            if described.get("format") != FORMAT or described.get("key") != key:
                raise ValueError("it belongs to another run or format")
            if described.pop(_CHECKSUM, None) != _checksum(described, state):
                raise ValueError("it does not match its checksum")
        except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
            self.reject(key, str(error))
            return None
        if described["conditions"] != self.conditions:
            warn(f"{path} was begun with {described['conditions']}, this is {self.conditions}; the run starts anew")
            return None
        return state

    def reject(self, key: str, why: str) -> None:
        """Remove a state that cannot be used, and say so."""
        warn(f"{self.path(key)} is damaged: {why}; the run starts anew")
        self.discard([key])

    def discard(self, keys: Iterable[str]) -> None:
        """Remove the states of runs that are finished."""
        for key in keys:
            try:
                self.path(key).unlink(missing_ok=True)
            except OSError as error:
                warn(f"{self.path(key)} cannot be removed: {error.strerror}")

    def keys(self) -> frozenset[str]:
        """Runs of which there is a state."""
        return frozenset(path.name.removesuffix(_SUFFIX) for path in self.folder.glob(f"*{_SUFFIX}"))


@dataclass
class Timer:
    """When the state of the run in hand is due.

    Args:
        every: seconds of training between two states.
        stopping: somebody asks this process to end; the state is due at once.
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


def _checksum(described: dict[str, str], state: "dict[str, Tensor]") -> str:
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name in sorted(state):
        digest.update(f"\n{name} {state[name].dtype} {tuple(state[name].shape)}\n".encode())
        digest.update(state[name].numpy().tobytes())
    return digest.hexdigest()


def _description(content: bytes) -> dict[str, str]:
    """The texts in the header of a safetensors file, whose length stands in its first eight bytes."""
    length = int.from_bytes(content[:8], "little")
    described = json.loads(content[8 : 8 + length])["__metadata__"]
    return {str(name): str(value) for name, value in described.items()}
