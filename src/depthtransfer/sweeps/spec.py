"""How a run is identified: its specification in canonical form."""

from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any, Self

from depthtransfer.scaling import Constants, Optimizer, Scheme
from depthtransfer.store.keys import key_of

ENGINE_VERSION = 1
"""Raised by whoever changes what a run computes; a test with pinned results fails when that was forgotten."""

_CONSTANTS_THAT_MATTER = {
    Scheme.SP: (),
    Scheme.NTP: ("base_width",),
    Scheme.MUP: ("beta", "gamma0", "base_width"),
    Scheme.MUP_SQRT_DEPTH: ("beta", "gamma0", "base_width", "base_depth"),
    Scheme.MUP_ALPHA: ("beta", "gamma0", "base_width", "base_depth", "alpha"),
    Scheme.DEPTH_PAIR: ("beta", "gamma0", "base_width", "base_depth", "alpha", "update_exponent"),
    Scheme.PLANNED: ("base_width", "base_depth", "alpha"),
}

_ADDED: dict[str, Any] = {
    "options": {},
    "zero_init": False,
    "batch_seed": None,
    "probe_steps": (),
    "probe_images": 0,
    "probe_blocks": False,
    "probe_together": False,
    "probe_streams": False,
    "outer_learning_rate": None,
}


@dataclass(frozen=True)
class RunSpec:
    """Everything that decides what one run computes.

    Args:
        model: architecture by name.
        width: channels of the first stage.
        depth: residual branches of the whole network.
        scheme: scaling scheme.
        constants: its constants.
        optimizer: optimizer by name.
        learning_rate: base learning rate eta_0.
        momentum: momentum of SGD.
        weight_decay: base weight decay.
        schedule: shape of the learning rate over time.
        warmup: steps of linear warm-up.
        dataset: name of the data set (not part of the identity; its fingerprint is).
        data_identity: fingerprint of the images and the form they are decoded to.
        batch_size: images in a batch.
        crop_padding: random crop after padding by so many pixels.
        flip: random horizontal flip.
        rotation_degrees: random rotation to either side.
        steps: number of updates.
        seed: seed of weights, batch order and augmentation.
        precision: fp32 or bf16.
        options: of the architecture, complete; empty for one that has none.
        zero_init: whether the last weight of every residual branch starts from zero (ReZero-like).
        batch_seed: seed of batch order and augmentation, where it is not `seed`.
        probe_steps: updates before which the logits on a fixed batch are kept.
        probe_images: images in that batch.
        probe_blocks: whether the features moved by each block are measured as well.
        probe_together: whether those moved by all blocks, with all other weights put back, are measured as well.
        probe_streams: whether the distances between streams that lie some blocks apart are measured.
        outer_learning_rate: base learning rate of read-in and readout, where it is not `learning_rate` (paper B).
    """

    model: str
    width: int
    depth: int
    scheme: Scheme
    constants: Constants
    optimizer: Optimizer
    learning_rate: float
    momentum: float
    weight_decay: float
    schedule: str
    warmup: int
    dataset: str
    data_identity: str
    batch_size: int
    crop_padding: int
    flip: bool
    rotation_degrees: float
    steps: int
    seed: int
    precision: str
    options: dict[str, Any] = field(default_factory=dict)
    zero_init: bool = False
    batch_seed: int | None = None
    probe_steps: tuple[int, ...] = ()
    probe_images: int = 0
    probe_blocks: bool = False
    probe_together: bool = False
    probe_streams: bool = False
    outer_learning_rate: float | None = None

    def canonical(self) -> dict[str, Any]:
        """The specification as it is hashed.

        Left out are the data set's name, constants that have no effect, and later additions at their defaults, so
        that runs made before these existed keep their names.
        """
        form = {each.name: getattr(self, each.name) for each in fields(self)}
        del form["dataset"]
        for name, default in _ADDED.items():
            if form[name] == default:
                del form[name]
        form["scheme"] = str(self.scheme)
        form["optimizer"] = str(self.optimizer)
        form["constants"] = {name: float(getattr(self.constants, name)) for name in _CONSTANTS_THAT_MATTER[self.scheme]}
        for name in ("learning_rate", "momentum", "weight_decay", "rotation_degrees"):
            form[name] = float(form[name])
        if self.outer_learning_rate is not None:
            form["outer_learning_rate"] = float(self.outer_learning_rate)
        return {"engine": ENGINE_VERSION, **form}

    def fields(self) -> dict[str, Any]:
        """All fields as plain JSON values, for another process."""
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """Inverse of `fields`."""
        typed = {
            "scheme": Scheme(fields["scheme"]),
            "optimizer": Optimizer(fields["optimizer"]),
            "constants": Constants(**fields["constants"]),
            "probe_steps": tuple(fields["probe_steps"]),
        }
        return cls(**{**fields, **typed})

    @cached_property
    def key(self) -> str:
        """SHA-256 of the canonical form; the run's name everywhere. Kept, since every table asks for it."""
        return key_of(self.canonical())
