"""What people call the columns and the outcomes of a sweep, and which of theirs is which of ours."""

import re
from collections.abc import Iterable, Mapping, Sequence

from depthtransfer.errors import AnalysisError

ROLES: Mapping[str, tuple[str, ...]] = {
    "hyperparameter": (
        *(
            "learning_rate",
            "lr",
            "peak_lr",
            "peak_learning_rate",
            "max_lr",
            "max_learning_rate",
            "base_lr",
            "eta",
            "eta0",
        ),
        *("eta_0", "learningrate", "init_lr", "initial_lr", "adam_lr", "muon_lr", "sgd_lr", "log2lr", "log2_lr"),
        *("log2_learning_rate", "lr_log2", "log10lr", "log10_lr", "log10_learning_rate", "log_lr", "loglr"),
    ),
    "loss": (
        *("loss", "val_loss", "valid_loss", "validation_loss", "eval_loss", "test_loss", "final_loss"),
        *("final_val_loss", "final_train_loss", "train_loss", "training_loss", "loss_val", "loss_train", "avg_loss"),
        *("val_nll", "nll", "cross_entropy", "val_cross_entropy"),
    ),
    "width": (
        *("width", "d_model", "dmodel", "model_dim", "hidden_dim", "hidden_size", "embed_dim", "emb_dim", "n_embd"),
        *("embedding_dim", "dim", "d_hidden", "n_hidden", "hidden", "hidden_width", "channels", "width_mult"),
        *("width_multiplier", "n_width", "model_width"),
    ),
    "depth": (
        *("depth", "n_layer", "n_layers", "num_layers", "nlayer", "nlayers", "layers", "num_hidden_layers", "n_block"),
        *("n_blocks", "num_blocks", "blocks", "l", "depth_mult", "depth_multiplier", "model_depth"),
    ),
    "scheme": (
        *("scheme", "parametrization", "parameterization", "parametrisation", "parameterisation", "variant"),
        *("param_scheme", "scaling", "scaling_rule", "rule", "method", "mup", "use_mup", "is_mup"),
    ),
    "seed": ("seed", "random_seed", "rng_seed", "init_seed", "seeds", "model_seed", "trial_seed", "replicate", "rep"),
    "status": ("status", "state", "run_state", "run_status", "outcome", "diverged", "is_diverged", "has_diverged"),
}
"""Names by role, in the order in which they are preferred; as ``plain`` writes them."""

SIZES = ("width", "depth")

LOGARITHMS = {
    2.0: ("log2lr", "log2_lr", "log2_learning_rate", "lr_log2"),
    10.0: ("log10lr", "log10_lr", "log10_learning_rate"),
}
"""Names of columns that hold a logarithm, by its base."""
_SOME_LOGARITHM = ("log_lr", "loglr")

STATUSES: Mapping[str, str] = {
    **dict.fromkeys(
        ("ok", "finished", "finish", "complete", "completed", "done", "success", "successful", "succeeded", "converged",
         "trained", "stable", "ended", "end"),
        "ok",
    ),
    **dict.fromkeys(
        ("diverged", "divergent", "diverge", "diverges", "nan", "inf", "exploded", "unstable", "blown_up", "blowup",
         "loss_nan", "nan_loss"),
        "diverged",
    ),
    **dict.fromkeys(
        ("running", "pending", "queued", "crashed", "crash", "failed", "failure", "error", "errored", "killed",
         "preempted", "preempting", "cancelled", "canceled", "stopped", "terminated", "interrupted", "timeout",
         "timed_out", "oom", "out_of_memory", "node_fail", "aborted", "unfinished", "incomplete", "paused", "unknown",
         "scheduled", "starting", "requeued", "suspended", "pruned", "waiting"),
        "unfinished",
    ),
}  # fmt: skip
"""What a word for a run's end means: "ok", "diverged" or "unfinished"."""

LENGTHS = (
    *("steps", "max_steps", "total_steps", "num_steps", "n_steps", "train_steps", "training_steps", "iterations"),
    *("iters", "max_iters", "num_iters", "epochs", "num_epochs", "n_epochs", "max_epochs", "epochs_done", "steps_done"),
    *("tokens", "num_tokens", "n_tokens", "total_tokens", "train_tokens", "tokens_seen", "examples", "samples"),
    *("step", "global_step", "iteration", "iter", "epoch", "updates", "num_updates"),
)
"""Columns that tell how long a run is or was: runs of different lengths are never mixed."""

CLOCKS = ("step", "global_step", "iteration", "iter", "epoch", "trainer_global_step")
"""Of these, those that may count within one run, where a table holds its whole course."""

SETTINGS = (
    *LENGTHS,
    *("weight_decay", "wd", "lambda", "batch_size", "batch", "bs", "global_batch_size", "momentum", "beta1", "beta2"),
    *("beta_1", "beta_2", "betas", "eps", "epsilon", "adam_eps", "dropout", "warmup", "warmup_steps", "warmup_ratio"),
    *("optimizer", "opt", "schedule", "lr_schedule", "scheduler", "dataset", "data", "model", "arch", "architecture"),
    *("phase", "split", "stage", "activation", "norm", "precision", "dtype", "gamma0", "alpha", "beta", "grad_clip"),
    *("clip", "label_smoothing", "init_std", "init_scale", "sigma", "context", "seq_len", "sequence_length", "heads"),
    *("n_head", "n_heads", "num_heads", "head_dim", "d_head", "ema", "z_loss", "loss_fn", "task", "experiment"),
)
"""Columns that set what a run is, whatever values they hold."""

_OUTCOMES = re.compile(
    r"^(id|run_?(id|name)|name|names?|uid|uuid|key|hash|url|link|path|dir|folder|file|host(name)?|machine|gpu(_.*)?|"
    r"device|user(name)?|notes?|comments?|tags?|group|created(_at)?|updated(_at)?|started(_at)?|ended(_at)?|finished_at|"
    r"date|time|timestamp|heartbeat.*|sha|commit|git.*|sweep|sweep_name|job_?(id|name)?|index|unnamed_.*|"
    r"column_\d+|host.*|.*_?(runtime|duration|seconds|secs|hours|minutes|elapsed)|wall.*|.*_time|time_.*|"
    r"(.*_)?(loss|losses|nll|perplexity|ppl|bpb|bpc|acc|accuracy|error|err|top1|top5|f1|bleu|auc|score|reward|return|"
    r"metric)(_.*)?|.*(grad|gradient)_?norm.*|gnorm.*|.*throughput.*|.*per_sec(ond)?|mfu|.*_?flops?|.*memory.*|.*_mem|"
    r"diverged_(step|at|epoch)|.*_std|.*_stderr|best_.*|final_.*|initial_.*|param(eter)?_count|ram|cpu|exit_?code)$"
)
_PREFIXES = re.compile(
    r"^(config|cfg|summary|summary_metrics|hparams?|hyperparameters|params?|args?|settings|metrics|model|optim|optimizer|"
    r"training|trainer|train_config|data)[._/]+"
)


def plain(name: str) -> str:
    """A column's name in lower case, its words joined by underscores, without what exports put before it."""
    short = name.strip()
    while (found := _PREFIXES.match(short.lower())) and len(short) > found.end():
        short = short[found.end() :]
    return re.sub(r"[^0-9a-z]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", short).lower()).strip("_")


def guessed(role: str, columns: Sequence[str]) -> str | None:
    """The column that most likely plays a role; None where none does.

    Raises:
        AnalysisError: if two columns have the same claim to it.
    """
    by_name: dict[str, list[str]] = {}
    for column in columns:
        by_name.setdefault(plain(column), []).append(column)
    for name in ROLES[role]:
        found = list(dict.fromkeys(by_name.get(name, [])))
        settings = [column for column in found if column.lower().startswith(("config", "hparam", "args", "param"))]
        if len(found) > 1 and role != "loss" and len(settings) == 1:
            found = settings
        exact = [column for column in found if column.lower() == name]
        if len(found) > 1 and len(exact) == 1:
            found = exact
        if len(found) > 1:
            raise AnalysisError(
                f"the columns {', '.join(map(repr, found))} could all be the {role}",
                f"say which: --{role} '{found[0]}'",
            )
        if found:
            return found[0]
    return None


def same_column(wanted: str, columns: Sequence[str], role: str) -> str:
    """The column that an option names, exactly or up to spelling.

    Raises:
        AnalysisError: if there is none; the message lists those there are.
    """
    if wanted in columns:
        return wanted
    near = [column for column in columns if plain(column) == plain(wanted)]
    if len(near) == 1:
        return near[0]
    raise AnalysisError(f"there is no column '{wanted}' for --{role}", f"the table has {listed(columns)}")


def listed(names: Iterable[object], most: int = 20) -> str:
    """Names in a row, not too many of them."""
    every = [str(name) for name in names]
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")


def logarithm_base(column: str) -> float | None:
    """The base of the logarithm that a column holds instead of the value; None for a value.

    Raises:
        AnalysisError: if it says that it is a logarithm, and not of which base.
    """
    name = plain(column)
    if name in _SOME_LOGARITHM:
        raise AnalysisError(
            f"column '{column}' is a logarithm of unknown base",
            "rename it log2_lr or log10_lr, or give the value itself",
        )
    return next((base for base, names in LOGARITHMS.items() if name in names), None)


def is_outcome(column: str) -> bool:
    """Whether a column is by its name what a run measured or is called, not what it was set to."""
    name = plain(column)
    return name not in SETTINGS and bool(_OUTCOMES.match(name))


def is_setting(column: str) -> bool:
    """Whether a column is by its name something that a run was set to."""
    return plain(column) in SETTINGS


def is_length(column: str) -> bool:
    """Whether a column is by its name the length of a run."""
    return plain(column) in LENGTHS


def our_name(hyperparameter: str) -> str:
    """Learning rates are called learning_rate; everything else keeps its name."""
    return "learning_rate" if plain(hyperparameter) in ROLES["hyperparameter"] else plain(hyperparameter)
