"""The GPT against numpy, and that no position sees what follows it."""

import numpy as np
import pytest
import torch
from tests.tolerances import FORWARD_FLOAT64

from depthtransfer.errors import ConfigurationError
from depthtransfer.models.gpt import GPT
from depthtransfer.models.registry import build, cost
from depthtransfer.models.shapes import ImageShape, TextShape
from depthtransfer.models.transformer import SelfAttention

WIDTH, HEADS, CONTEXT, VOCABULARY = 12, 3, 7, 5


def network(depth: int = 4) -> GPT:
    torch.manual_seed(0)
    model = build(
        "gpt",
        width=WIDTH,
        depth=depth,
        shape=TextShape(CONTEXT),
        classes=VOCABULARY,
        branch_multiplier=0.6,
        options={"heads": HEADS},
    )
    assert isinstance(model, GPT)
    return model.double()


def characters(count: int = 3) -> torch.Tensor:
    return torch.randint(VOCABULARY, (count, CONTEXT), generator=torch.Generator().manual_seed(1))


def test_causal_attention_against_numpy() -> None:
    attention = SelfAttention(WIDTH, HEADS, causal=True).double()
    x = torch.randn(2, CONTEXT, WIDTH, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    size = WIDTH // HEADS
    qkv = x.numpy() @ attention.qkv.weight.detach().numpy().T
    expected = np.empty(x.shape)
    for head in range(HEADS):
        q, k, v = (part[..., head * size : (head + 1) * size] for part in np.split(qkv, 3, axis=-1))
        for place in range(CONTEXT):
            logits = np.einsum("bd,bjd->bj", q[:, place], k[:, : place + 1]) / size
            shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
            expected[:, place, head * size : (head + 1) * size] = np.einsum("bj,bjd->bd", shares, v[:, : place + 1])
    expected = expected @ attention.projection.weight.detach().numpy().T
    np.testing.assert_allclose(attention(x).detach().numpy(), expected, rtol=0, atol=FORWARD_FLOAT64)


def test_embedding_is_a_matrix_of_one_hot_inputs_and_the_readout_is_its_own() -> None:
    model, x = network(), characters()
    one_hot = torch.nn.functional.one_hot(x, VOCABULARY).double()
    stream = one_hot @ model.characters.weight + model.positions.view(CONTEXT, WIDTH)
    expected = model.norm(model.branches(stream)) @ model.readout.weight.T
    torch.testing.assert_close(model(x), expected, rtol=0, atol=FORWARD_FLOAT64)
    assert model.readout.weight.data_ptr() != model.characters.weight.data_ptr()


@pytest.mark.parametrize("place", [1, CONTEXT - 1])
def test_no_position_sees_what_follows(place: int) -> None:
    model, x = network(), characters()
    other = x.clone()
    other[:, place] = (other[:, place] + 1) % VOCABULARY
    before, after = model(x), model(other)
    torch.testing.assert_close(after[:, :place], before[:, :place], rtol=0, atol=FORWARD_FLOAT64)
    assert (after[:, place:] - before[:, place:]).abs().amax(dim=(0, 2)).min() > 1e-3


@pytest.mark.parametrize(
    ("model", "changes", "expected"),
    [
        ("gpt", {"width": 13}, "width = 13 of the gpt cannot be shared by 4 heads"),
        ("gpt", {"depth": 3}, "depth = 3 of the gpt.*even"),
        ("gpt", {"classes": 300}, "vocabulary of 300 characters, where the gpt has 256"),
        ("gpt", {"classes": 65, "options": {"vocabulary": 64}}, "vocabulary of 65 characters, where the gpt has 64"),
        ("gpt", {"shape": ImageShape(1, 8)}, "the gpt reads text and is shown images"),
        ("cnn", {"depth": 3}, "the cnn reads images and is shown text"),
    ],
)
def test_sizes_that_do_not_fit_are_named(model: str, changes: dict[str, object], expected: str) -> None:
    sizes: dict[str, object] = {"width": 8, "depth": 2, "shape": TextShape(4), "classes": 5}
    with pytest.raises(ConfigurationError, match=expected):
        cost(model, **sizes | changes)  # type: ignore[arg-type]
