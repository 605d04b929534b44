"""Libraries' models in a sweep: their own initialization, or what a plan makes of it."""

import math
from typing import Any

import pytest
import torch

import depthtransfer as dt
from depthtransfer.configuration import load_experiment
from depthtransfer.errors import ConfigurationError
from depthtransfer.models.registry import maker
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Optimizer, Scheme
from depthtransfer.sweeps import grid
from depthtransfer.sweeps.planned import library_groups, library_network, planned

from .tiny import dataset, exact_losses, run, spec

DATA = dataset("grey").declaration
BASE = {"base_width": 16.0, "base_depth": 2.0, "alpha": 1.0}


def vit(**changes: Any) -> Any:
    plain = {
        "model": "torchvision_vit",
        "width": 32,
        "depth": 8,
        "scheme": Scheme.PLANNED,
        "options": {"patch_size": 4},
    }
    return spec(**{**plain, "optimizer": Optimizer.ADAMW, "learning_rate": 0.01, **BASE, **changes})


def test_the_network_and_its_groups_are_those_of_the_plan() -> None:
    wanted = vit(weight_decay=0.1)
    shape = ImageShape(DATA.channels, DATA.image_size)
    make = maker("torchvision_vit", shape=shape, classes=DATA.classes, options={"patch_size": 4})
    made = dt.plan(
        make, base={"width": 16, "depth": 2}, target={"width": 32, "depth": 8}, rule=1.0, batch=torch.zeros(2, 1, 8, 8)
    )
    assert planned(wanted, DATA).hash == made.hash
    network = library_network(wanted, DATA)
    expected = made.build(seed=0)
    assert all(map(torch.equal, network.parameters(), expected.parameters()))
    found = library_groups(network, wanted, DATA)
    groups = made.groups(expected, 0.01, weight_decay=0.1)
    for one, other in zip(found, groups, strict=True):
        assert (one["lr"], one["weight_decay"]) == (other["lr"], other["weight_decay"])
    assert max(group["eps"] for group in found) == pytest.approx(1e-12, rel=1e-3)


def test_at_the_base_a_plan_changes_nothing() -> None:
    size = {"width": 16, "depth": 2}
    losses = [run(vit(scheme=scheme, **size)).series["loss"] for scheme in (Scheme.PLANNED, Scheme.SP)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_a_seed_decides_the_weights_and_leaves_torch_s_own_stream_alone() -> None:
    before = torch.random.get_rng_state()
    first, again, other = (library_network(each, DATA) for each in (vit(), vit(learning_rate=1.0), vit(seed=1)))
    assert torch.equal(torch.random.get_rng_state(), before)
    weights = [next(each.parameters()) for each in (first, again, other)]
    assert [torch.equal(weights[0], each) for each in weights] == [True, True, False] or weights[0].abs().max() == 0
    assert exact_losses(run(vit())) == exact_losses(run(vit()))
    assert exact_losses(run(vit())) != exact_losses(run(vit(seed=1, batch_seed=0)))


@pytest.mark.parametrize("experiment", ["tool_resnet", "tool_vit", "tool_encoder"])
def test_experiments_say_the_exponent_that_a_plan_chooses_by_itself(experiment: str) -> None:
    science = load_experiment(experiment)
    scheme = next(each for each in science.schemes if each.name is Scheme.PLANNED)
    base = {"width": int(scheme.base_width), "depth": int(scheme.base_depth)}
    make = maker(science.model, shape=ImageShape(1, 8), classes=10, options=science.options)
    target = {**base, "depth": 2 * base["depth"]}
    batch = torch.zeros(2, 1, 8, 8)
    found = dt.plan(make, base=base, target=target, optimizer=str(science.optimizer.name), batch=batch)
    assert found.settings.alpha == scheme.alpha


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        ("torchvision_vit", {"schemes": ["mup"]}, "no mup of the torchvision_vit"),
        ("cnn", {"schemes": ["planned"]}, "no planned of the cnn"),
        ("torchvision_vit", {"schemes": ["sp"], "outer_learning_rate": 0.1}, "outer_learning_rate needs the roles"),
        (
            "torchvision_vit",
            {"schemes": ["sp"], "probes": {"steps": [0], "images": 4, "blocks": True}},
            "probes.blocks",
        ),
    ],
)
def test_what_needs_roles_is_refused(model: str, changes: dict[str, Any], message: str) -> None:
    science = grid.Experiment.model_validate(
        {"title": "t", "model": model, "schemes": [{"name": name} for name in ("sp", "mup", "planned")]}
    )
    plain = {"dataset": "grey", "widths": [16], "depths": [6], "seeds": [0], "batch_size": 8, "steps": 1, "window": 1}
    asked = grid.Grid.model_validate({**plain, "values": {"learning_rate": [0.1]}, **changes})
    with pytest.raises(ConfigurationError, match=message):
        grid._expand(asked, science, {"grey": DATA}, "here")


def test_a_larger_planned_network_starts_smaller_where_the_rule_says_so() -> None:
    """Ends of branches: 1/sqrt(2) for the width, 1/4 for the depth."""
    name = "model.encoder.layers.encoder_layer_0.mlp.3.weight"
    large, small = (library_network(vit(**size), DATA).get_parameter(name) for size in ({}, {"width": 16, "depth": 2}))
    assert float((large.std() / small.std()).detach()) == pytest.approx(1 / 4 / math.sqrt(2), rel=0.1)
