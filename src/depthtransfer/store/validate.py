"""What a stored record must say so that tables can be made of it, besides being whole and under its own key."""

import math
import reprlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from depthtransfer.store.records import RUN, SOLUTION, Layout, Record


def flaw(record: Record, layout: Layout) -> str | None:
    """Say what is wrong with a record of a kind, if something is."""
    return _provenance_flaw(record.provenance) or _OF_KIND[layout.noun](record)


def _provenance_flaw(made: Mapping[str, Any]) -> str | None:
    seconds, versions = made.get("seconds"), made.get("versions")
    if not _is_duration(seconds):
        return f"its provenance has seconds = {reprlib.repr(seconds)}"
    for name in ("finished", "commit", "machine"):
        if not _is_text(made.get(name)):
            return f"its provenance has {name} = {reprlib.repr(made.get(name))}"
    if not (isinstance(versions, dict) and all(isinstance(version, str) for version in versions.values())):
        return f"its provenance has versions = {reprlib.repr(versions)}"
    return None


def _run_flaw(record: Record) -> str | None:
    summary, length = record.summary, len(record.series["loss"])
    status, diverged_step = summary.get("status"), summary.get("diverged_step")
    if not _is_text(summary.get("device")):
        return f"its device is {reprlib.repr(summary.get('device'))}"
    if status == "ok":
        if diverged_step is not None:
            return f"it is ok and diverged at step {reprlib.repr(diverged_step)}"
        if length != record.specification.get("steps", length):
            return f"it is ok and has {length} steps of {reprlib.repr(record.specification['steps'])}"
        before = length
    elif status == "diverged":
        if diverged_step != length - 1 or not _is_count(diverged_step):
            return f"it diverged at step {reprlib.repr(diverged_step)} and has {length} steps"
        before = length - 1
    else:
        return f"its status is {reprlib.repr(status)}"
    for name, values in record.series.items():
        if not all(map(math.isfinite, values[:before])):
            return f"its {name} is not finite although it is {status}"
    for name, most in (("test_loss", math.inf), ("test_accuracy", 1.0)):
        value = summary.get(name)
        if not (value is None or (_is_duration(value) and value <= most)):
            return f"its {name} is {reprlib.repr(value)}"
    looked_at = summary.get("probe_steps", [])
    return (
        _logits_flaw(record.logits, looked_at, record.specification)
        or _updates_flaw(summary, record.specification)
        or _distances_flaw(summary, record.specification)
    )


def _logits_flaw(logits: Sequence[float], looked_at: Any, specification: Mapping[str, Any]) -> str | None:
    if not (isinstance(looked_at, list) and all(map(_is_count, looked_at))):
        return f"its probe_steps are {reprlib.repr(looked_at)}"
    images = specification.get("probe_images", 0)
    whole = _is_count(images) and images > 0 and len(logits) > 0 and len(logits) % (len(looked_at) * images or 1) == 0
    if (looked_at and not whole) or (not looked_at and len(logits) > 0):
        return f"it has {len(logits)} logits of {reprlib.repr(images)} images at {len(looked_at)} steps"
    return None


def _updates_flaw(summary: Mapping[str, Any], specification: Mapping[str, Any]) -> str | None:
    """One number for each block, one for all of them if asked, and one for the whole network, at each probe.

    None stands where it was not finite.
    """
    found, asked = summary.get("updates"), specification.get("probe_blocks", False)
    if not asked:
        return None if found is None else "it has updates of blocks that were not asked for"
    blocks = specification["depth"] if _is_count(specification.get("depth")) else 0
    expected = len(summary.get("probe_steps", [])) * (blocks + 1 + bool(specification.get("probe_together")))
    if not isinstance(found, list) or len(found) != expected:
        return f"its updates of {blocks} blocks are {reprlib.repr(found)}"
    if not all(value is None or _is_duration(value) for value in found):
        return "its updates of blocks are no sizes"
    return None


def _distances_flaw(summary: Mapping[str, Any], specification: Mapping[str, Any]) -> str | None:
    """As many numbers at each probe, if they were asked for; None stands where one was not finite."""
    found, asked = summary.get("stream_distances"), specification.get("probe_streams", False)
    if not asked:
        return None if found is None else "it has distances of streams that were not asked for"
    probes = len(summary.get("probe_steps", []))
    if not isinstance(found, list) or not found or len(found) % max(probes, 1):
        return f"its distances of streams at {probes} steps are {reprlib.repr(found)}"
    if not all(value is None or _is_duration(value) for value in found):
        return "its distances of streams are no sizes"
    return None


def _solution_flaw(record: Record) -> str | None:
    summary = record.summary
    if summary.get("status") not in ("ok", "diverged"):
        return f"its status is {reprlib.repr(summary.get('status'))}"
    if not (summary.get("diverged_step") is None or _is_count(summary["diverged_step"])):
        return f"it diverged at update {reprlib.repr(summary['diverged_step'])}"
    if not _is_count(summary.get("left_out")):
        return f"{reprlib.repr(summary.get('left_out'))} of its values are left out"
    for name in ("learning_rate", "value"):
        if not all(map(math.isfinite, record.series[name])):
            return f"its {name} is not finite"
    return None


def _is_duration(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


_OF_KIND: dict[str, Callable[[Record], str | None]] = {RUN.noun: _run_flaw, SOLUTION.noun: _solution_flaw}
