"""How large an experiment is: config/presets/*.yaml, scale only."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from depthtransfer.configuration.vocabulary import (
    Hyperparameter,
    NonNegative,
    Options,
    Positive,
    Provenance,
    Seed,
    Seeds,
    Size,
    Sizes,
    Strict,
    Values,
    increasing,
)
from depthtransfer.registry import HYPERPARAMETERS


class AugmentationChoice(Strict):
    """Random crop (padding in pixels), horizontal flip and rotation (degrees to either side)."""

    crop_padding: int = Field(default=0, ge=0, strict=True)
    flip: bool = False
    rotation_degrees: NonNegative = 0.0


class ProbeChoice(Strict):
    """Logits on a fixed batch of so many images, kept before each of these updates (the last step is the end).

    With `blocks` also how far each residual block has moved the features of these images, and with `together` how far
    all of them have without the stem, transitions and readout; with `streams` how far residual streams lie apart.
    """

    steps: Annotated[tuple[Annotated[int, Field(ge=0, strict=True)], ...], AfterValidator(increasing)] = ()
    images: int = Field(default=0, ge=0, le=1000, strict=True)
    blocks: bool = Field(default=False, strict=True)
    together: bool = Field(default=False, strict=True)
    streams: bool = Field(default=False, strict=True)

    @model_validator(mode="after")
    def _both_or_neither(self) -> "ProbeChoice":
        if bool(self.steps) != bool(self.images):
            raise ValueError("give steps and images, or neither")
        if (self.blocks or self.streams) and not self.steps:
            raise ValueError("blocks and streams are looked at when logits are; give steps and images")
        if self.together and not self.blocks:
            raise ValueError("together is a sum over blocks; set blocks: true as well")
        return self


class Grid(Strict):
    """A product of sizes, swept values and seeds, with the length of its runs.

    Length is given as `epochs` or as `steps`, not both. `schemes` selects among the experiment's by label or name;
    `options` of the architecture come on top of the experiment's. `batch_seed` gives all seeds the same batches. With
    `outer_learning_rate` read-in and readout train at this base learning rate while another one is swept (paper B).
    """

    schemes: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)] | None = None
    widths: Sizes
    depths: Sizes
    values: dict[Hyperparameter, Values]
    seeds: Seeds
    epochs: Positive | None = None
    steps: Size | None = None
    batch_size: Size
    window: Size
    warmup: int = Field(default=0, ge=0, strict=True)
    augmentation: AugmentationChoice = AugmentationChoice()
    precision: Literal["fp32", "bf16"] = "fp32"
    dataset: str = Field(min_length=1)
    options: Options = Field(default_factory=dict)
    batch_seed: Seed | None = None
    outer_learning_rate: Positive | None = None
    probes: ProbeChoice = ProbeChoice()

    @model_validator(mode="after")
    def _consistent(self) -> "Grid":
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give either epochs or steps")
        if "learning_rate" not in self.values:
            raise ValueError("values.learning_rate is missing")
        for name, values in self.values.items():
            if HYPERPARAMETERS[name].positive and (bad := [v for v in values if v <= 0]):
                raise ValueError(f"values.{name}: {', '.join(map(str, bad))} must be greater than 0")
        return self


class Preset(Strict):
    """All grids of a preset, with the device they run on.

    With `refine: N` each network whose optimum lies at the edge of its grid, or is known worse than a grid step, gets
    up to N further values, one after the other.
    """

    title: str = Field(min_length=1)
    device: Literal["auto", "cpu", "cuda"] = "cpu"
    refine: int = Field(default=0, ge=0, le=32, strict=True)
    provenance_required: bool = False
    experiments: dict[str, Annotated[tuple[Grid, ...], Field(min_length=1)]]
    sources: dict[str, dict[str, Provenance]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_value_has_a_source(self) -> "Preset":
        if not self.provenance_required:
            return self
        for experiment, grids in self.experiments.items():
            marked = self.sources.get(experiment, {})
            used = {name for grid in grids for name in grid.model_fields_set} - {"schemes"}
            if missing := sorted(used - marked.keys()):
                raise ValueError(f"sources.{experiment}: no provenance mark for {', '.join(missing)}")
            if unknown := sorted(marked.keys() - used):
                raise ValueError(f"sources.{experiment}: marks for values that are not set: {', '.join(unknown)}")
        return self
