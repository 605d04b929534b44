"""Kinds of stored results: what each is called in its files, and which lists a result of it carries."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

TEXTS = ("key", "specification", "summary", "provenance")
LOGITS = "logits"


@dataclass(frozen=True)
class Layout:
    """One kind of result.

    Args:
        format: stands in each file and tells kinds apart.
        noun: what one result is called in messages.
        series: name and Arrow type of each series; all series of a result are equally long.
        logits: whether a result carries logits too.
        earlier: formats that are still read.
    """

    format: str
    noun: str
    series: tuple[tuple[str, str], ...]
    logits: bool = False
    earlier: "tuple[Layout, ...]" = ()

    def schema(self) -> "pa.Schema":
        """Arrow schema of a file."""
        import pyarrow as pa

        fields = [pa.field(name, pa.string()) for name in TEXTS]
        fields += [pa.field(name, pa.list_(pa.type_for_alias(kind))) for name, kind in self.series]
        if self.logits:
            fields.append(pa.field(LOGITS, pa.list_(pa.float32())))
        return pa.schema(fields, metadata={"format": self.format})

    def holds(self, schema: "pa.Schema") -> bool:
        """Whether a file of this schema is of this kind, or of an earlier format of it."""
        found = (schema.metadata or {}).get(b"format", b"").decode(errors="replace")
        own = found == self.format and bool(schema.equals(self.schema()))
        return own or any(layout.holds(schema) for layout in self.earlier)


_STEPS = (("loss", "float"), ("accuracy", "float"), ("learning_rate_factor", "double"))
_WITHOUT_LOGITS = Layout("depthtransfer-run-1", "run", _STEPS)
"""The format before networks were probed; its runs hold no logits and are otherwise the same."""

RUN = Layout("depthtransfer-run-2", "run", _STEPS, logits=True, earlier=(_WITHOUT_LOGITS,))
"""A training run: one value per step."""

SOLUTION = Layout(
    "depthtransfer-solution-1",
    "solution",
    (
        ("quantity", "string"),
        ("learning_rate", "double"),
        ("updates", "int64"),
        ("tau", "double"),
        ("mu", "int64"),
        ("nu", "int64"),
        ("value", "double"),
        ("standard_error", "double"),
        ("variance", "double"),
        ("variance_error", "double"),
    ),
)
"""A solution of the theory or an ensemble of networks: one value a row; see THEORY in ``tables/columns.py``."""

KINDS = (RUN, SOLUTION)
