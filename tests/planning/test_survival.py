"""What a planned network goes through: compiling, several processes, saving, scheduling; and that it costs nothing."""

import copy
import socket
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from tests.planning import zoo
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils._python_dispatch import TorchDispatchMode

import depthtransfer as dt
from depthtransfer.errors import ConfigurationError

BASE, TARGET = {"width": 32, "depth": 1}, {"width": 64, "depth": 2}
IMAGES = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(8)
RATE, STEPS, PROCESSES = 1e-3, 3, 2
EPS = 1e-4  # where a gradient is zero but for rounding (biases of keys), Adam would turn the rounding into steps


def plan() -> dt.Plan:
    return dt.plan(zoo.vit_torchvision, base=BASE, target=TARGET, batch=IMAGES)


@pytest.fixture(scope="module")
def made() -> dt.Plan:
    return plan()


def steps(model: nn.Module, optimizer: torch.optim.Optimizer, images: torch.Tensor, labels: torch.Tensor) -> None:
    for _ in range(STEPS):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()


def trained(made: dt.Plan, model: nn.Module) -> dict[str, torch.Tensor]:
    """A copy of the network after a few steps on the whole batch."""
    alone = copy.deepcopy(model)
    steps(alone, torch.optim.AdamW(made.groups(alone, RATE, weight_decay=0.1, eps=EPS)), IMAGES, LABELS)
    return dict(alone.named_parameters())


class Recorder(TorchDispatchMode):
    """Names and shapes of everything that torch is asked to do."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[int, ...]]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.seen.append((str(func), tuple(getattr(result, "shape", ()))))
        return result


@pytest.mark.parametrize("make", [zoo.vit_torchvision, zoo.gpt2, zoo.torchvision_resnet])
def test_a_planned_network_does_what_an_unplanned_one_does_and_nothing_else(make: Any) -> None:
    made = dt.plan(make, base=BASE, target=TARGET)
    inputs = torch.randint(0, 96, (2, 8)) if make is zoo.gpt2 else torch.randn(2, 3, 32, 32)
    done = []
    for model in (made.build(seed=0), make(**TARGET)):
        for module in model.modules():
            assert not any((module._forward_hooks, module._forward_pre_hooks, module._backward_hooks))
        assert not any(each._backward_hooks for each in model.parameters())
        with Recorder() as recorder:
            output = model(inputs)
            (output.logits if make is zoo.gpt2 else output).sum().backward()
        done.append(recorder.seen)
    assert done[0] == done[1]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_compiled_whole_it_learns_the_same(made: dt.Plan) -> None:
    model = made.build(seed=0)
    expected = trained(made, model)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    steps(compiled, torch.optim.AdamW(made.groups(compiled, RATE, weight_decay=0.1, eps=EPS)), IMAGES, LABELS)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter, expected[name], rtol=1e-4, atol=1e-5)


def test_a_checkpoint_read_without_code_goes_on_with_the_same_bits(made: dt.Plan, tmp_path: Path) -> None:
    def parts() -> tuple[nn.Module, torch.optim.Optimizer, Any]:
        model = made.build(seed=0)
        optimizer = torch.optim.AdamW(made.groups(model, RATE, weight_decay=0.1, eps=EPS))
        return model, optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)

    whole, optimizer, scheduler = parts()
    steps(whole, optimizer, IMAGES, LABELS)
    scheduler.step()
    state = {"model": whole.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
    torch.save({**state, "plan": made.hash}, tmp_path / "checkpoint.pt")
    steps(whole, optimizer, IMAGES, LABELS)
    read = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    again, other, schedule = parts()
    for part, name in ((again, "model"), (other, "optimizer"), (schedule, "scheduler")):
        part.load_state_dict(read[name])
    assert read["plan"] == made.hash
    made.check(other)
    steps(again, other, IMAGES, LABELS)
    assert all(map(torch.equal, whole.parameters(), again.parameters()))


def test_a_scheduler_that_sets_one_rate_for_all_is_told(made: dt.Plan) -> None:
    model = made.build(seed=0)
    optimizer = torch.optim.AdamW(made.groups(model, RATE))
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5)
    made.check(optimizer)
    torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=RATE, total_steps=10)
    with pytest.raises(ConfigurationError, match="no longer have the plan's ratios"):
        made.check(optimizer)


def side_by_side(rank: int, port: int, how: str, expected: dict[str, torch.Tensor]) -> None:
    """Half of the batch on each of two processes."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=PROCESSES)
    try:
        made = plan()
        model: nn.Module = made.build(seed=0)
        if how == "ddp":
            model = DistributedDataParallel(model)
        else:
            from torch.distributed.device_mesh import init_device_mesh
            from torch.distributed.fsdp import fully_shard

            mesh = init_device_mesh("cpu", (PROCESSES,))
            for block in model.encoder.layers:
                fully_shard(block, mesh=mesh)
            fully_shard(model, mesh=mesh)
        optimizer = torch.optim.AdamW(made.groups(model, RATE, weight_decay=0.1, eps=EPS))
        own = slice(rank, None, PROCESSES)
        steps(model, optimizer, IMAGES[own], LABELS[own])
        made.check(optimizer)
        for name, parameter in model.named_parameters():
            full = parameter.full_tensor() if hasattr(parameter, "full_tensor") else parameter
            torch.testing.assert_close(full.detach(), expected[name.removeprefix("module.")], rtol=1e-4, atol=2e-5)
    finally:
        dist.destroy_process_group()


@pytest.mark.slow
@pytest.mark.skipif(not (dist.is_available() and dist.is_gloo_available()), reason="this torch has no gloo")
@pytest.mark.parametrize("how", ["ddp", "fsdp2"])
def test_two_processes_learn_what_one_does(made: dt.Plan, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))  # where the processes find this function
    expected = {name: each.detach() for name, each in trained(made, made.build(seed=0)).items()}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(side_by_side, args=(port, how, expected), nprocs=PROCESSES)
