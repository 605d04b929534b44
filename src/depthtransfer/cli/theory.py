"""`depthtransfer theory`: numbers of the infinite-width theory for one datum."""

import argparse
import json
import sys


def _depth(text: str) -> str | int:
    """A number of residual branches, or inf."""
    if text == "inf":
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of residual branches nor inf") from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options; kinds are positional."""
    parser.description = (
        "Solve a residual network of infinite width on one datum with |x|^2 = D, all weights trained, learning rate "
        "eta0 gamma0^2 N, and print t, f, loss = (target - f)^2 / 2, ntk and H_mid = H(tau = 1/2, t, t)."
    )
    parser.add_argument(
        "kind",
        choices=("linear", "lazy", "sampled"),
        help="linear: exact, features move; lazy: constant tangent kernel; sampled: nonlinear, by sampling",
    )
    parser.add_argument("--depth", type=_depth, default="inf", help="residual branches L, or inf (default: inf)")
    parser.add_argument("--gamma0", type=float, default=None, help="feature-learning strength (default: 1; not lazy)")
    parser.add_argument("--eta0", type=float, default=0.1, help="learning rate (default: 0.1)")
    parser.add_argument("--target", type=float, default=1.0, help="the datum's target (default: 1)")
    parser.add_argument("--times", type=float, nargs="+", required=True, help="times to report")
    parser.add_argument(
        "--step", type=float, default=None, help="length of one update in time (lazy: without it gradient flow)"
    )
    parser.add_argument("--beta", type=float, default=1.0, help="constant of the residual branch (default: 1)")
    parser.add_argument("--alpha", type=float, default=0.5, help="depth exponent of the branch (default: 0.5)")
    parser.add_argument("--activation", default=None, help="linear, relu, abs, erf or tanh (lazy, sampled)")
    parser.add_argument("--samples", type=int, default=None, help="samples per replica (sampled; default: 4096)")
    parser.add_argument("--replicas", type=int, default=None, help="independent repetitions (sampled; default: 4)")
    parser.add_argument("--seed", type=int, default=None, help="seed of the first replica (sampled; default: 0)")
    parser.add_argument("--json", action="store_true", help="print a JSON list of rows instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Print the rows; a diverged solution is said on standard error."""
    from depthtransfer.theory.rows import theory_rows

    names = ("kind", "depth", "gamma0", "eta0", "target", "times", "step", "beta", "alpha", "activation",
             "samples", "replicas", "seed")  # fmt: skip
    given = {name: getattr(arguments, name) for name in names}
    rows = theory_rows({name: value for name, value in given.items() if value is not None})
    if arguments.json:
        print("[\n" + ",\n".join(json.dumps(row, allow_nan=False) for row in rows) + "\n]")
    else:
        _print_table(rows)
    if "diverged_step" in rows[0]:
        print(
            f"diverged: eta0 * step * ntk exceeds 2 at update {rows[0]['diverged_step']}; use a smaller step or eta0",
            file=sys.stderr,
        )
    return 0


def _print_table(rows: list[dict[str, float | int | str | None]]) -> None:
    cells = [list(rows[0])]
    cells += [["-" if v is None else f"{v:.10g}" if isinstance(v, float) else str(v) for v in r.values()] for r in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    for line in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
