"""The residual MLP of paper B: a nonlinearity behind each weight, and its mean over coordinates taken off."""

from torch import Tensor, nn

from depthtransfer.models.mlp_sizes import MLPOptions, mlp_pixels, mlp_segment
from depthtransfer.models.mlp_stack import BlockForm, Stack
from depthtransfer.models.network import ResidualNetwork
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Role


class MLP(ResidualNetwork):
    """x^0 = U xi, one block after another, f = V x^L; no biases (paper B, section 3).

    Args:
        width: n.
        depth: blocks L.
        shape: channels and side of the input images, which are flattened.
        classes: number of outputs.
        branch_multiplier: factor on every block's branch.
        options: activation, layers of a block, order, normalization, checkpointing; the defaults if none are given.

    Raises:
        ConfigurationError: if a size is not positive.
    """

    def __init__(
        self,
        *,
        width: int,
        depth: int,
        shape: ImageShape,
        classes: int,
        branch_multiplier: float,
        options: MLPOptions | None = None,
    ) -> None:
        super().__init__()
        options = options or MLPOptions()
        form = BlockForm(
            activation=options.activation,
            layers=options.block_depth,
            pre=options.nonlinearity == "pre",
            normalized=options.normalization == "layer_norm",
            multiplier=branch_multiplier,
        )
        self.read_in = nn.Linear(mlp_pixels(width, depth, shape), width, bias=False)
        self.stack = Stack(width, depth, form, mlp_segment(depth), options.checkpointing)
        self.readout = nn.Linear(width, classes, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to logits (B, classes)."""
        logits: Tensor = self.readout(self.stack(self.read_in(images.flatten(1))))
        return logits

    def roles(self) -> dict[str, Role]:
        """Role of every parameter by its qualified name."""
        return {"read_in.weight": Role.INPUT, "stack.weight": Role.BRANCH, "readout.weight": Role.READOUT}

    def fan_ins(self) -> dict[str, int]:
        """The width, of every matrix in the stack."""
        return {"stack.weight": self.stack.weight.shape[-1]}

    def branch_ends(self) -> tuple[Tensor, ...]:
        """The last layer of every block."""
        layers = self.stack.form.layers
        return self.stack.weight.unbind()[layers - 1 :: layers]

    def blocks(self) -> tuple[str, ...]:
        """Residual blocks in order."""
        return tuple(f"stack.blocks.{place}" for place in range(len(self.stack.blocks)))
