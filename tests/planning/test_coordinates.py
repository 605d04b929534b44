"""The coordinate check passes what is right and names what is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from tests.planning import zoo
from torch import nn

import depthtransfer as dt
from depthtransfer.planning import CoordinateCheck, CoordinateError, Plan, Row
from depthtransfer.planning.coordinates import Exponent

BASE, TARGET = {"width": 32, "depth": 2}, {"width": 64, "depth": 4}
IMAGES = torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(1))
TOKENS = torch.randint(0, 96, (8, 16), generator=torch.Generator().manual_seed(1))
POINTS = torch.randn(16, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "batch", "options"),
    [
        (zoo.vit_timm, IMAGES, {}),
        (zoo.vit_timm, IMAGES, {"optimizer": "muon", "rule": "depth_mup"}),
        (zoo.gpt2, TOKENS, {}),
        (zoo.llama, TOKENS, {}),
        (zoo.encoder, lambda width, depth: torch.randn(8, 8, width, generator=torch.Generator().manual_seed(0)), {}),
    ],
)
def test_what_is_right_passes(make: Any, batch: Any, options: dict[str, Any]) -> None:
    dt.coordinate_check(dt.plan(make, base=BASE, target=TARGET, **options), batch).assert_ok()


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_blocks_of_one_layer_pass_although_the_readout_is_not_flat_at_first(optimizer: str) -> None:
    plan = dt.plan(zoo.Residual, base=BASE, target=TARGET, optimizer=optimizer)
    check = dt.coordinate_check(plan, POINTS)
    check.assert_ok()
    first = next(e for e in check.exponents if (e.what, e.over, e.module) == ("activation", "width", "output"))
    assert first.value < -0.25
    assert "OFF" not in str(check)


Change = Callable[[Row, float], Row]


def mutant(plan: Plan, which: Callable[[Row], bool], change: Change) -> Callable[[Mapping[str, int]], Plan]:
    """Plans of other sizes in which some rows are wrong; n is the growth of the width."""

    def at(sizes: Mapping[str, int]) -> Plan:
        made = plan.at(**sizes)
        n = made.settings.target["width"] / made.settings.base["width"]
        return replace(made, rows=tuple(change(row, n) if which(row) else row for row in made.rows))

    return at


def scaled(row: Row, init: float, rate: float) -> Row:
    return replace(row, initial=row.initial * init, init=2.0, learning_rate=row.learning_rate * rate)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("which", "change", "culprit"),
    [
        pytest.param(
            lambda row: row.fold != 1, lambda row, n: scaled(row, row.fold**-2, row.fold**-2), r"depth\^", id="inverted"
        ),
        pytest.param(
            lambda row: row.fold != 1 and row.block == 2, lambda row, n: scaled(row, 1 / row.fold, 1 / row.fold),
            r"'blocks\.0\.mlp\.fc2' goes as depth\^", id="one branch forgotten",
        ),
        pytest.param(
            lambda row: row.role == "readout", lambda row, n: scaled(row, n**0.5, n),
            r"update of '(head|output)' goes as width\^", id="readout in standard parametrization",
        ),
        pytest.param(lambda row: True, lambda row, n: replace(row, learning_rate=1.0), r"width\^", id="one rate"),
        pytest.param(
            lambda row: row.tensor.endswith("fc2.weight"), lambda row, n: scaled(row, n**0.5, n),
            r"'blocks\.\d\.mlp\.fc2' goes as width\^", id="fan-in of another tensor",
        ),
    ],
)  # fmt: skip
def test_mutants_fail_and_the_culprit_is_named(which: Any, change: Change, culprit: str) -> None:
    plan = dt.plan(zoo.vit_timm, base=BASE, target=TARGET)
    check = dt.coordinate_check(plan, IMAGES, seeds=3, at=mutant(plan, which, change))
    with pytest.raises(CoordinateError, match=culprit):
        check.assert_ok()


@pytest.mark.slow
def test_logits_scaled_by_the_root_of_a_growing_head_fail() -> None:
    class Classifier(nn.Module):
        def __init__(self, width: int, depth: int) -> None:
            super().__init__()
            self.table, self.norm = nn.Embedding(96, width), nn.LayerNorm(width)
            self.encoder, self.head = zoo.encoder(width, depth, heads=2), nn.Linear(width, 96)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.norm(self.encoder(self.table(x))))

    plan = dt.plan(Classifier, base=BASE, target=TARGET, heads_may_grow=True)
    with pytest.raises(CoordinateError, match="'attention logits' goes as width"):
        dt.coordinate_check(plan, TOKENS, seeds=3).assert_ok()


def test_what_is_known_too_badly_does_not_pass() -> None:
    def exponent(low: float, high: float) -> Exponent:
        return Exponent("update", "width", "head", (low + high) / 2, low, high, -0.35, 0.2, (1.0, 1.0))

    def check(*exponents: Exponent) -> CoordinateCheck:
        return CoordinateCheck(exponents, {"width": (1, 2)}, 4)

    known, wide, off = exponent(-0.4, 0.3), exponent(-0.2, 0.8), exponent(0.3, 0.4)
    check(known).assert_ok()
    with pytest.raises(CoordinateError, match=r"cannot tell how the update of 'head' goes with width.*more seeds"):
        check(known, wide).assert_ok()
    with pytest.raises(CoordinateError, match="goes as width"):
        check(wide, off).assert_ok()
    assert "cannot tell" in str(check(wide))


def test_a_loss_that_explodes_is_told() -> None:
    plan = dt.plan(partial(zoo.Residual), base=BASE, target=TARGET, optimizer="sgd")
    with pytest.raises(CoordinateError, match="not finite"):
        dt.coordinate_check(plan, POINTS, lr=1e30, seeds=1)
