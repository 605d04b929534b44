"""How far blocks move features, against networks of one number each, and on real ones without leaving a trace."""

import math
from typing import Any

import pytest
import torch
from tests.models.examples import CASES, random_inputs
from torch import Tensor, nn

from depthtransfer.models.registry import build
from depthtransfer.scaling import Role
from depthtransfer.training.probing import BlockUpdates


class Scaled(nn.Module):
    """x + weight * x."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight * x


def test_numbers_of_a_network_that_can_be_worked_out_by_hand() -> None:
    model = nn.Sequential(Scaled(0.5), Scaled(1.0), nn.Flatten())
    images = torch.tensor([[[3.0]], [[4.0]]])
    size = math.sqrt((9 + 16) / 2)
    blocks = [model[0], model[1]]
    updates = BlockUpdates(model, images, blocks, [block.weight for block in blocks])
    assert updates.measure() == [0.0, 0.0, 0.0]
    with torch.no_grad():
        blocks[0].weight.fill_(0.7)
        blocks[1].weight.fill_(1.5)
    first, second, whole = updates.measure()
    assert first == pytest.approx(0.2 * size)
    assert second == pytest.approx(0.5 * 1.7 * size), "what comes in is what the changed first block gives"
    assert whole == pytest.approx((1.7 * 2.5 - 1.5 * 2.0) * size)


def test_what_only_the_blocks_did_is_told_from_what_the_rest_did() -> None:
    model = nn.Sequential(Scaled(0.0), Scaled(0.5), Scaled(1.0))
    images = torch.tensor([[1.0]])
    updates = BlockUpdates(model, images, [model[1], model[2]], [model[1].weight, model[2].weight], together=True)
    with torch.no_grad():
        model[0].weight.fill_(9.0)
    assert updates.measure() == [0.0, 0.0, 0.0, 27.0], "blocks that learned nothing did nothing"
    with torch.no_grad():
        model[1].weight.fill_(0.7)
    first, second, together, whole = updates.measure()
    assert (first, second) == pytest.approx((2.0, 0.0))
    assert together == pytest.approx(1.7 * 2.0 - 1.5 * 2.0)
    assert whole == pytest.approx(10 * 1.7 * 2.0 - 1.5 * 2.0)
    assert model[0].weight.item() == 9.0


@pytest.mark.parametrize(("name", "sizes"), CASES)
def test_looking_leaves_no_trace_and_sees_only_what_changed(name: str, sizes: dict[str, Any]) -> None:
    model = build(name, **sizes, branch_multiplier=0.5)
    model.train()
    images = random_inputs(sizes, 4)
    blocks = [model.get_submodule(block) for block in model.blocks()]
    assert len(blocks) == sizes["depth"]
    branch = [n for n, role in model.roles().items() if role in (Role.BRANCH, Role.BRANCH_VECTOR)]
    updates = BlockUpdates(model, images, blocks, [model.get_parameter(n) for n in branch])
    state = {n: tensor.clone() for n, tensor in model.state_dict().items()}
    assert updates.measure() == [0.0] * (sizes["depth"] + 1)
    with torch.no_grad():
        model.branch_ends()[-1].add_(0.1)
    state = {n: tensor.clone() for n, tensor in model.state_dict().items()}
    *others, last, whole = updates.measure()
    assert others == [0.0] * (sizes["depth"] - 1)
    assert last > 0
    assert whole == pytest.approx(last), "nothing else has changed"
    assert model.training
    assert all(torch.equal(tensor, state[n]) for n, tensor in model.state_dict().items())
