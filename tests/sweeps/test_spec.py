"""A run's identity: what enters its key, what does not, and the key itself."""

import hashlib
import json
from dataclasses import fields, replace

import pytest

from depthtransfer.scaling import Constants, Optimizer, Scheme
from depthtransfer.store.keys import canonical_json
from depthtransfer.sweeps.spec import RunSpec

from .tiny import spec

PINNED = (
    '{"batch_size":8,"constants":{"base_depth":1.0,"base_width":1.0,"beta":2.0,"gamma0":1.0},"crop_padding":0,'
    '"data_identity":"sha256:0000000000000000000000000000000000000000000000000000000000000000/1x8x8","depth":12,'
    '"engine":1,"flip":false,"learning_rate":0.25,"model":"cnn","momentum":0.0,"optimizer":"sgd","precision":"fp32",'
    '"rotation_degrees":0.0,"schedule":"constant","scheme":"mup_sqrt_depth","seed":3,"steps":6,"warmup":0,'
    '"weight_decay":0.0,"width":16}'
)

CHANGES = {
    "model": "vit",
    "width": 8,
    "depth": 6,
    "scheme": Scheme.MUP,
    "constants": Constants(beta=2.0),
    "optimizer": Optimizer.ADAM,
    "learning_rate": 0.25,
    "momentum": 0.9,
    "weight_decay": 0.1,
    "schedule": "cosine",
    "warmup": 2,
    "data_identity": "sha256:" + "1" * 64 + "/1x8x8",
    "batch_size": 4,
    "crop_padding": 1,
    "flip": True,
    "rotation_degrees": 5.0,
    "steps": 7,
    "seed": 1,
    "precision": "bf16",
    "options": {"patch_size": 2},
    "zero_init": True,
    "batch_seed": 0,
    "probe_steps": (0, 6),
    "probe_images": 4,
    "probe_blocks": True,
    "probe_together": True,
    "probe_streams": True,
    "outer_learning_rate": 0.5,
}


def test_pinned_identity() -> None:
    """Every run ever stored is found by this text. If it was changed on purpose, all of them train again."""
    pinned = spec(width=16, depth=12, learning_rate=0.25, seed=3, beta=2.0)
    assert canonical_json(pinned.canonical()) == PINNED
    assert pinned.key == "d250497e17187555e3f30897ec78026db10ad51957ca00f1a27862b2b92a5082"
    assert pinned.key == hashlib.sha256(PINNED.encode()).hexdigest()


def test_every_field_but_the_name_of_the_data_set_enters_the_key() -> None:
    assert CHANGES.keys() == {field.name for field in fields(RunSpec)} - {"dataset"}
    keys = {replace(spec(), **{name: value}).key for name, value in CHANGES.items()}
    assert len(keys | {spec().key}) == len(CHANGES) + 1
    assert replace(spec(), dataset="other").key == spec().key


@pytest.mark.parametrize(
    ("scheme", "with_effect"),
    [
        ("sp", set()),
        ("ntp", {"base_width"}),
        ("mup", {"beta", "gamma0", "base_width"}),
        ("mup_sqrt_depth", {"beta", "gamma0", "base_width", "base_depth"}),
        ("mup_alpha", {"beta", "gamma0", "base_width", "base_depth", "alpha"}),
        ("depth_pair", {"beta", "gamma0", "base_width", "base_depth", "alpha", "update_exponent"}),
        ("planned", {"base_width", "base_depth", "alpha"}),
    ],
)
def test_constants_enter_the_key_where_they_have_an_effect(scheme: str, with_effect: set[str]) -> None:
    plain = spec(scheme=Scheme(scheme))
    found = {
        name
        for name in ("beta", "gamma0", "alpha", "update_exponent", "base_width", "base_depth")
        if spec(scheme=Scheme(scheme), **{name: 0.75}).key != plain.key
    }
    assert found == with_effect


def test_equal_numbers_are_the_same_run_and_neighbouring_ones_are_not() -> None:
    assert spec(learning_rate=1, momentum=0, beta=2).key == spec(learning_rate=1.0, momentum=0.0, beta=2.0).key
    assert spec(learning_rate=0.1 + 0.2).key != spec(learning_rate=0.3).key


def test_a_specification_survives_the_way_to_another_process() -> None:
    sent = spec(scheme=Scheme.MUP_ALPHA, beta=0.1 + 0.2, learning_rate=1 / 3, flip=True)
    received = RunSpec.from_fields(json.loads(json.dumps(sent.fields())))
    assert received == sent
    assert received.key == sent.key
    assert isinstance(received.scheme, Scheme)
    assert isinstance(received.optimizer, Optimizer)
