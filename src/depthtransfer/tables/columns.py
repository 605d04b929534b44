"""The columns of every table that crosses from the making wing to the reading wing."""

from dataclasses import dataclass
from typing import Literal

Numbers = Literal["finite", "or NaN", "or infinite", "any"]


@dataclass(frozen=True)
class Column:
    """One column: its name, its Arrow type by name, its unit and what it holds.

    A column of floating-point numbers says which of them may stand in it, and `finite_where` another column with a
    value: in rows that hold it, only finite ones may.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    nullable: bool = False
    numbers: Numbers = "finite"
    finite_where: tuple[str, str] | None = None


_IDENTITY = (Column("key", "string", "-", "SHA-256 of the run's canonical specification"),)

RUNS: tuple[Column, ...] = (
    *_IDENTITY,
    Column("experiment", "string", "-", "experiment that asked for the run"),
    Column("dataset", "string", "-", "name of the data set"),
    Column("classes", "int64", "-", "its number of classes; whoever guesses has a loss of its logarithm"),
    Column("model", "string", "-", "architecture"),
    Column("options", "string", "-", "options of the architecture, as JSON"),
    Column("scheme", "string", "-", "scaling scheme: sp, ntp, mup, mup_sqrt_depth, mup_alpha, depth_pair"),
    Column("variant", "string", "-", "what the experiment calls the scheme with its constants"),
    Column("zero_init", "bool", "-", "whether the last weight of every residual branch starts from zero"),
    Column("width", "int64", "channels", "width of the first stage"),
    Column("depth", "int64", "blocks", "number of residual branches L in the whole network"),
    Column("seed", "int64", "-", "seed of weights, and of batch order and augmentation unless batch_seed is given"),
    Column("batch_seed", "int64", "-", "seed of batch order and augmentation", nullable=True),
    Column("learning_rate", "float64", "-", "base learning rate eta_0"),
    Column("momentum", "float64", "-", "momentum of SGD"),
    Column("weight_decay", "float64", "-", "base weight decay"),
    Column("gamma0", "float64", "-", "feature-learning strength gamma_0"),
    Column("beta", "float64", "-", "branch constant beta"),
    Column("alpha", "float64", "-", "depth exponent of the branch multiplier"),
    Column("update_exponent", "float64", "-", "depth exponent gamma of the updates inside branches"),
    Column("outer_learning_rate", "float64", "-", "base learning rate of read-in and readout", nullable=True),
    Column("optimizer", "string", "-", "sgd, adam or adamw"),
    Column("schedule", "string", "-", "learning-rate schedule"),
    Column("warmup", "int64", "steps", "linear warm-up of the learning rate"),
    Column("batch_size", "int64", "images", "batch size"),
    Column("steps", "int64", "steps", "planned number of steps"),
    Column("epochs", "float64", "epochs", "planned number of passes over the training images"),
    Column("window", "int64", "steps", "steps at the end over which loss and accuracy are averaged"),
    Column("precision", "string", "-", "fp32 or bf16"),
    Column("status", "string", "-", "ok or diverged"),
    Column("diverged_step", "int64", "steps", "step at which the run diverged", nullable=True),
    Column(
        "loss",
        "float64",
        "nats",
        "mean training loss over the last window; NaN where diverged",
        numbers="or NaN",
        finite_where=("status", "ok"),
    ),
    Column(
        "accuracy",
        "float64",
        "-",
        "mean training accuracy over the last window; NaN where diverged",
        numbers="or NaN",
        finite_where=("status", "ok"),
    ),
    Column(
        "test_loss",
        "float64",
        "nats",
        "mean loss on the test images after training; missing where diverged, and of runs made before it was measured",
        nullable=True,
        numbers="or NaN",
    ),
    Column("test_accuracy", "float64", "-", "share of the test images classified correctly then", nullable=True),
    Column(
        "initial_loss",
        "float64",
        "nats",
        "training loss of the first batch before any update",
        numbers="any",
        finite_where=("status", "ok"),
    ),
    Column("parameters", "int64", "-", "number of trained parameters"),
    Column("flops", "float64", "FLOP", "counted operations of the whole planned run"),
    Column("device", "string", "-", "device class: cpu or cuda"),
)

STEPS: tuple[Column, ...] = (
    *_IDENTITY,
    Column("step", "int64", "steps", "update about to be made, counted from 0"),
    Column("epoch", "float64", "epochs", "passes over the training images so far"),
    Column("loss", "float64", "nats", "training loss of the batch", numbers="any"),
    Column("accuracy", "float64", "-", "training accuracy of the batch"),
    Column("learning_rate", "float64", "-", "scheduled base learning rate"),
)

PROBES: tuple[Column, ...] = (
    *_IDENTITY,
    Column("step", "int64", "steps", "updates made so far"),
    Column("image", "int64", "-", "image of the fixed batch, counted from 0"),
    Column("output", "int64", "-", "output of the network, counted from 0"),
    Column("logit", "float32", "-", "what the network says", numbers="any"),
)

UPDATES: tuple[Column, ...] = (
    *_IDENTITY,
    Column("step", "int64", "updates", "updates made so far"),
    Column("block", "int64", "-", "residual block, counted from 1; -1 for all blocks; 0 for the whole network"),
    Column(
        "change",
        "float64",
        "-",
        "root mean square of what the change of this block's weights adds to the features; of -1, of the change of the "
        "last block's features with all other weights put back; of 0, with none put back; NaN where it is not finite",
        numbers="or NaN",
    ),
)

STREAMS: tuple[Column, ...] = (
    *_IDENTITY,
    Column("step", "int64", "updates", "updates made so far"),
    Column("blocks", "int64", "-", "blocks between two residual streams"),
    Column(
        "distance",
        "float64",
        "-",
        "root mean square of the difference of streams so many blocks apart, over images, coordinates and all such "
        "pairs; NaN where it is not finite",
        numbers="or NaN",
    ),
)

OPTIMA: tuple[Column, ...] = (
    Column("hyperparameter", "string", "-", "what was swept"),
    Column("scheme", "string", "-", "what the experiment calls the scheme with its constants"),
    Column("width", "int64", "channels", "width of the first stage"),
    Column("depth", "int64", "blocks", "number of residual branches L in the whole network"),
    Column("steps", "int64", "steps", "length of the runs; other lengths have rows of their own"),
    Column("log2_optimum", "float64", "octaves", "coordinate of the optimum; NaN where all diverged", numbers="any"),
    Column("centre", "float64", "octaves", "centre of what is known of it; beyond it beside divergence", numbers="any"),
    Column("low", "float64", "octaves", "lower end of its 95% interval", numbers="any"),
    Column("high", "float64", "octaves", "upper end of its 95% interval", numbers="any"),
    Column("standard_error", "float64", "octaves", "of the centre", numbers="any"),
    Column("degrees", "float64", "-", "degrees of freedom of the standard error", numbers="any"),
    Column("optimum", "float64", "-", "the optimum as a value", numbers="any"),
    Column("loss", "float64", "nats", "best averaged loss on the grid", numbers="any"),
    Column("grid_best", "float64", "octaves", "value with the best loss", numbers="any"),
    Column("grid_low", "float64", "octaves", "smallest value"),
    Column("grid_high", "float64", "octaves", "largest value"),
    Column("grid_step", "float64", "octaves", "median distance of neighbouring values", numbers="any"),
    Column("seeds", "int64", "-", "distinct seeds"),
    Column("edge", "string", "-", "where the best value lies: none, left, right, both, all_diverged, untrained"),
    Column("next_diverges", "bool", "-", "whether the next larger value counts as diverged"),
    Column("largest_stable", "float64", "octaves", "largest value at which no run diverged", numbers="any"),
    Column("smallest_diverged", "float64", "octaves", "smallest value at which one did", numbers="any"),
    Column("runs", "int64", "-", "number of runs"),
    Column("diverged", "int64", "-", "how many of them diverged"),
    Column("above_chance", "int64", "-", "how many of the others ended with a loss that guessing would have"),
    Column("method", "string", "-", "how the optimum was read off: none, grid, clipped or quadratic"),
    Column("log_loss", "float64", "log nats", "log of the best averaged loss; NaN where all diverged", numbers="any"),
    Column("log_loss_error", "float64", "log nats", "its standard error, pooled over the scheme", numbers="any"),
    Column("log_loss_degrees", "float64", "-", "degrees of freedom of that", numbers="any"),
    Column("flags", "string", "-", "what keeps the optimum from being known, separated by spaces"),
    Column("add_values", "string", "-", "values that would help, the most useful first, separated by spaces"),
    Column("add_seeds", "bool", "-", "whether more seeds would help"),
)

_ORIGIN = (
    Column("finished", "string", "UTC", "time at which it was finished, ISO 8601"),
    Column("layer", "string", "-", "layer of the store that holds it"),
    Column("engine", "int64", "-", "version of what is computed; raised with every change of results"),
    Column("commit", "string", "-", "commit of the code that made it, with +dirty where files differed"),
    Column("machine", "string", "-", "processor or accelerator"),
    Column("versions", "string", "-", "versions of Python and the packages that compute, as JSON"),
)

PROVENANCE: tuple[Column, ...] = (
    *_IDENTITY,
    Column("seconds", "float64", "s", "wall time inside training steps"),
    Column("data", "string", "-", "fingerprint of the images, and the form they are decoded to"),
    *_ORIGIN,
)

SOLUTION_PROVENANCE: tuple[Column, ...] = (
    Column("key", "string", "-", "SHA-256 of the solution's canonical specification"),
    Column("solution", "string", "-", "what was solved, in a few words"),
    Column("seconds", "float64", "s", "wall time of solving, compilation included"),
    *_ORIGIN,
)

THEORY: tuple[Column, ...] = (
    Column("study", "string", "-", "study that asked for the value: fig6, fig7, rates, optimum"),
    Column("part", "string", "-", "kernels, training, one_step, final, identity, curve or motion"),
    Column(
        "quantity",
        "string",
        "-",
        "f: predictor; loss: (y - f)^2 / 2 of the mean predictor; ntk: tangent kernel in units of eta_0; H, G: kernels "
        "<hh> and <gg>; dH: change of H since before training; optimum: best learning rate; optimum_loss: loss there; "
        "d_log_optimum_d_gamma0, d_log_optimum_d_beta: derivatives of its logarithm",
    ),
    Column("activation", "string", "-", "linear, relu, abs, erf or tanh"),
    Column("width", "float64", "neurons", "width N; infinite for the theory", numbers="or infinite"),
    Column(
        "depth", "float64", "blocks", "number of residual branches L; infinite for the limit", numbers="or infinite"
    ),
    Column("alpha", "float64", "-", "depth exponent of the branch multiplier"),
    Column("beta", "float64", "-", "branch constant beta"),
    Column("rate_exponent", "float64", "-", "the blocks' learning rate is multiplied by L to this power"),
    Column("gamma0", "float64", "-", "feature-learning strength gamma_0; of no effect before training"),
    Column("learning_rate", "float64", "-", "eta_0 times the length of one update"),
    Column("updates", "int64", "updates", "updates made"),
    Column("t", "float64", "-", "training time eta_0 t: learning rate times updates"),
    Column("tau", "float64", "-", "layer time (l - 1) / L; NaN where a quantity has none", numbers="or NaN"),
    Column("mu", "int64", "-", "data point, from 0"),
    Column("nu", "int64", "-", "second data point of a kernel, from 0"),
    Column("seeds", "int64", "-", "networks averaged over; 0 for the theory"),
    Column("value", "float64", "-", "mean over networks, or the theory's value"),
    Column(
        "standard_error",
        "float64",
        "-",
        "of the mean over networks; of a limit, how much its extrapolation changes without the deepest network; else 0",
        numbers="any",
    ),
    Column("variance", "float64", "-", "between single networks; NaN where it was not measured", numbers="any"),
    Column("variance_error", "float64", "-", "standard error of the variance", numbers="any"),
    Column(
        "theory",
        "float64",
        "-",
        "value that this one tends to: of networks the one of infinite width at the same depth, of finite depth the "
        "limit; NaN for the limit",
        numbers="or NaN",
    ),
)

CLAIMS: tuple[Column, ...] = (
    Column("claim", "string", "-", "short name of the claim"),
    Column("place", "string", "-", "where the paper makes it"),
    Column("statement", "string", "-", "what it says"),
    Column("verdict", "string", "-", "reproduced, not reproduced, inconclusive or not run"),
    Column("value", "float64", "-", "the statistic that decides; NaN where there is none", numbers="any"),
    Column("low", "float64", "-", "lower end of its interval", numbers="any"),
    Column("high", "float64", "-", "upper end of its interval", numbers="any"),
    Column("level", "float64", "-", "probability that the interval covers"),
    Column("statistic", "string", "-", "what is measured"),
    Column("threshold", "string", "-", "for which values the claim holds"),
    Column("allowed_low", "float64", "-", "the smallest of these values, of the part that is shown", numbers="any"),
    Column("allowed_high", "float64", "-", "the largest of these values", numbers="any"),
    Column("reason", "string", "-", "why this threshold"),
    Column("detail", "string", "-", "what else the tables say"),
    Column("missing", "string", "-", "what would decide, where nothing is decided"),
    Column("tables", "string", "-", "tables that it is judged by"),
    Column("figure", "string", "-", "figure that shows it"),
)
