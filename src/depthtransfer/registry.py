"""What a figure, hyperparameter, scheme or model is called and made of: each fact once. Imports nothing heavy.

A new figure is one entry of `FIGURES` and its module; a new hyperparameter is one entry of `HYPERPARAMETERS`, a column
of RUNS in ``tables/columns.py`` of the same name, and its use in training.
"""

from dataclasses import dataclass
from typing import Literal

from depthtransfer.errors import ConfigurationError

SWEEP = "sweep/"
"""Begins the name of the picture of any experiment: sweep/cnn_momentum."""


@dataclass(frozen=True)
class FigureEntry:
    """One figure.

    Attributes:
        name: in its path, such as fig1.
        title: one line, first words of its caption.
        module: the module of ``depthtransfer.figures`` that draws it.
        experiments: those whose tables it reads.
        studies: studies of the theory whose tables it reads.
        variants: what its experiments call the schemes that it shows; empty for all of them.
    """

    name: str
    title: str
    module: str
    experiments: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()


@dataclass(frozen=True)
class HyperparameterEntry:
    """One hyperparameter; its name is its column in RUNS and its key in the grids of a preset.

    Attributes:
        label: in words, for captions.
        symbol: as a formula for axes, without dollars.
        coordinate: in which equal steps multiply the effect equally: log2 of the value, or of 1 / (1 - value).
        positive: whether 0 is refused in a grid; a grid may hold 0 of the others, though it has no log2.
        read_by: schemes whose networks it changes; empty means all.
        letter: its symbol as plain letters, where it is better known by them than by its label.
    """

    label: str
    symbol: str
    coordinate: Literal["log2", "stretch"] = "log2"
    positive: bool = False
    read_by: tuple[str, ...] = ()
    letter: str = ""


SCHEMES = {
    "sp": "SP",
    "ntp": "NTP",
    "mup": "μP",
    "mup_sqrt_depth": r"μP + $1/\sqrt{L}$",
    "mup_alpha": r"μP + $L^{-\alpha}$",
    "depth_pair": r"$(\alpha, \gamma)$",
    "planned": "with the plan",
}
"""How a scheme is written, by name."""

_MEAN_FIELD = ("mup", "mup_sqrt_depth", "mup_alpha", "depth_pair")

HYPERPARAMETERS = {
    "learning_rate": HyperparameterEntry("learning rate", r"\eta_0", positive=True),
    "momentum": HyperparameterEntry("momentum", r"\mu", coordinate="stretch"),
    "weight_decay": HyperparameterEntry("weight decay", r"\lambda_0"),
    "gamma0": HyperparameterEntry(
        "feature-learning strength", r"\gamma_0", positive=True, read_by=_MEAN_FIELD, letter="γ₀"
    ),
    "beta": HyperparameterEntry("branch constant", r"\beta", positive=True, read_by=_MEAN_FIELD, letter="β"),
    "alpha": HyperparameterEntry(
        "depth exponent", r"\alpha", read_by=("mup_alpha", "depth_pair", "planned"), letter="α"
    ),
    "update_exponent": HyperparameterEntry("update exponent", r"\gamma", read_by=("depth_pair",), letter="γ"),
    "batch_size": HyperparameterEntry("batch size", "B", positive=True),
}

MODELS = {
    "cnn": "CNN",
    "resnet18_bn": "ResNet18 type with BatchNorm",
    "vit": "ViT",
    "mlp": "residual MLP",
    "gpt": "GPT",
    "torchvision_resnet": "ResNet of torchvision",
    "torchvision_vit": "vision transformer of torchvision",
    "torch_encoder": "TransformerEncoder of torch",
}
"""How a model is written, by name."""

STUDIES = ("fig6", "fig7", "rates", "optimum", "nonlinear", "linear")
"""Studies of the theory by name; each is a section of config/theory/*.yaml and a table."""

_ALL_FIGURES = (
    FigureEntry(
        "fig1",
        "Learning-rate transfer over depth and width: μP without and with 1/√L branches",
        "transfer",
        ("cnn_learning_rate",),
    ),
    FigureEntry(
        "fig2",
        "Learning-rate transfer over depth, batch-normalized ResNet18 type: μP without and with 1/√L branches",
        "transfer",
        ("resnet18_bn_learning_rate",),
    ),
    FigureEntry(
        "fig3",
        "Learning-rate transfer over depth, vision transformers with Adam: μP without and with 1/√L branches",
        "fig3",
        ("vit_learning_rate", "vit_no_norm_learning_rate", "vit_cosine_learning_rate"),
    ),
    FigureEntry(
        "fig4",
        "Transfer of other hyperparameters over depth, μP with 1/√L branches",
        "fig4",
        ("cnn_momentum", "cnn_gamma0", "cnn_weight_decay"),
    ),
    FigureEntry(
        "fig5",
        "Consistency of the dynamics: loss curves over depth, and distance to the widest and deepest ensemble",
        "fig5",
        ("cnn_dynamics",),
    ),
    FigureEntry(
        "fig6",
        "Kernels before training over layer time: finite depth and width against the limit",
        "fig6",
        (),
        ("fig6",),
    ),
    FigureEntry(
        "fig7",
        "Linear networks that learn features: finite width and depth against the limit",
        "fig7",
        (),
        ("fig7",),
    ),
    FigureEntry(
        "figB1",
        "Learning-rate transfer over depth and width: standard parametrization",
        "transfer",
        ("cnn_learning_rate_sp",),
    ),
    FigureEntry(
        "figB3",
        "Tuning a vision transformer after a third of its training and at the end, μP with 1/√L branches",
        "figB3",
        ("vit_learning_rate",),
    ),
    FigureEntry(
        "figM1",
        "Learning-rate transfer over depth for branches scaled by L to the power −α, learning rates compensated",
        "transfer",
        ("cnn_alpha",),
    ),
    FigureEntry(
        "drift",
        "Learning-rate transfer over depth at several lengths of training, vision transformers with LayerNorm",
        "lengths",
        ("vit_drift",),
    ),
    FigureEntry(
        "tp6_fig10",
        "Tensor Programs VI: learning-rate curves of the residual MLP over depth, early and late in training",
        "moments",
        ("mlp_learning_rate",),
        variants=("Depth-muP", "alpha 0.5, update_exponent 0", "alpha 0, update_exponent 0"),
    ),
    FigureEntry(
        "tp6_fig11",
        "Tensor Programs VI: learning-rate curves of the residual MLP scaled like a differential equation",
        "moments",
        ("mlp_learning_rate",),
        variants=("ODE", "Depth-muP"),
    ),
    FigureEntry(
        "tp6_fig2",
        "Tensor Programs VI: the nonlinearity before the weight, against behind it, Depth-μP",
        "best",
        ("mlp_pre_learning_rate", "mlp_learning_rate"),
        variants=("Depth-muP",),
    ),
    FigureEntry(
        "tp6_fig3",
        "Tensor Programs VI: absolute values against ReLU, Depth-μP",
        "best",
        ("mlp_abs_learning_rate", "mlp_learning_rate"),
        variants=("Depth-muP",),
    ),
    FigureEntry(
        "tp6_fig12",
        "Tensor Programs VI: LayerNorm and absolute values, Depth-μP against branches scaled alone",
        "best",
        ("mlp_norm_learning_rate",),
        variants=("Depth-muP", "alpha 0.5, update_exponent 0"),
    ),
    FigureEntry(
        "tp6_fig13", "Tensor Programs VI: transfer of the branches' constant, Depth-μP", "transfer", ("mlp_beta",)
    ),
    FigureEntry(
        "tp6_fig4",
        "Tensor Programs VI: blocks of two layers against blocks of one at equal numbers of layers, ReLU",
        "layers",
        ("mlp_two_layers", "mlp_one_layer"),
    ),
    FigureEntry(
        "tp6_fig5",
        "Tensor Programs VI: blocks of two layers against blocks of one, absolute values and LayerNorm",
        "layers",
        ("mlp_two_layers_norm", "mlp_one_layer_norm"),
    ),
    FigureEntry(
        "tp6_fig6",
        "Tensor Programs VI: learning-rate curves of blocks of two layers, without and with LayerNorm",
        "best",
        ("mlp_two_layers", "mlp_two_layers_norm"),
        variants=("beta 0.5",),
    ),
    FigureEntry(
        "tp6_fig7",
        "Tensor Programs VI: loss over learning rate and the branches' constant, blocks of two layers",
        "heat",
        ("mlp_two_layers_norm",),
    ),
    FigureEntry(
        "tp6_fig1",
        "Tensor Programs VI: the phase diagram of depth exponents, measured on the residual MLP with Adam",
        "phases",
        ("mlp_phases",),
    ),
    FigureEntry(
        "tp6_fig14",
        "Tensor Programs VI, one of Figures 14 to 16: a small GPT early and in the middle of a schedule",
        "underway",
        ("gpt_learning_rate",),
    ),
    FigureEntry(
        "tp6_fig15",
        "Tensor Programs VI, one of Figures 14 to 16: a small GPT with branches' constants a factor of 16 apart",
        "transfer",
        ("gpt_multiplier",),
    ),
    FigureEntry(
        "tp6_fig16",
        "Tensor Programs VI, one of Figures 14 to 16: a small GPT at the end of a schedule",
        "transfer",
        ("gpt_learning_rate",),
    ),
    FigureEntry(
        "tp6_fig8",
        "Tensor Programs VI: features of linear networks approach the recursion of infinite width",
        "linear",
        (),
        ("linear",),
        variants=("width",),
    ),
    FigureEntry(
        "tp6_fig9",
        "Tensor Programs VI: the recursion of infinite width approaches its limit of infinite depth",
        "linear",
        (),
        ("linear",),
        variants=("depth",),
    ),
    FigureEntry(
        "tp6_fig17",
        "Tensor Programs VI: feature diversity of residual MLPs, Depth-μP against a differential equation's scaling",
        "diversity",
        ("mlp_diversity",),
        variants=("Depth-muP", "ODE"),
    ),
    FigureEntry(
        "tp6_fig18",
        "Tensor Programs VI: feature diversity of Depth-μP over training",
        "diversity",
        ("mlp_diversity",),
        variants=("Depth-muP",),
    ),
    FigureEntry(
        "tp6_fig19",
        "Tensor Programs VI: feature diversity of Depth-μP over training, absolute values against ReLU",
        "diversity",
        ("mlp_diversity_abs", "mlp_diversity"),
        variants=("Depth-muP",),
    ),
    FigureEntry(
        "exponent",
        "Branches scaled by L to the power −1/2 against −1, for blocks of one and of two layers",
        "exponent",
        tuple(
            f"exponent_{network}_{optimizer}"
            for network in ("cnn", "resnet", "mlp", "mlp_two")
            for optimizer in ("sgd", "adam")
        ),
    ),
    FigureEntry("rates", "Finite-size rates of linear networks that learn features", "rates", (), ("rates",)),
    FigureEntry(
        "optimum",
        "The best learning rate, predicted by the limit and measured on linear networks",
        "optimum",
        (),
        ("optimum",),
    ),
    FigureEntry(
        "nonlinear",
        "Nonlinear networks that learn features: finite width and depth against the sampled limit",
        "nonlinear",
        (),
        ("nonlinear",),
    ),
    FigureEntry(
        "tool",
        "Models of torch and torchvision as they are: learning-rate transfer without the plan and with it",
        "tool",
        ("tool_resnet", "tool_vit", "tool_encoder"),
    ),
)
FIGURES = {entry.name: entry for entry in _ALL_FIGURES}
"""All figures of the papers, of the theory and of the tool, in their order."""


def figure(name: str) -> FigureEntry:
    """One figure by name: an entry of `FIGURES`, or sweep/EXPERIMENT for the picture of any experiment.

    Raises:
        ConfigurationError: if there is no figure of this name; the message lists those there are.
    """
    if name.startswith(SWEEP) and (experiment := name.removeprefix(SWEEP)):
        return FigureEntry(name, "", "transfer", (experiment,))
    if name not in FIGURES:
        raise ConfigurationError(
            f"there is no figure '{name}'", f"known figures: {', '.join(FIGURES)}, and {SWEEP}EXPERIMENT"
        )
    return FIGURES[name]


def hyperparameter(name: str) -> HyperparameterEntry:
    """One hyperparameter; a column that is none is called by its name and looked at by its log2."""
    plain = name.replace("_", " ")
    return HYPERPARAMETERS.get(name) or HyperparameterEntry(plain, rf"\mathrm{{{plain}}}")
