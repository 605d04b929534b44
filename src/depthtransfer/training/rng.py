"""Named random streams: a seed and a name give a generator, nothing global is touched."""

import hashlib

import torch


def named_rng(seed: int, name: str) -> torch.Generator:
    """Return a CPU generator of its own for each pair of seed and name, the same on every device."""
    digest = hashlib.sha256(f"{name}/{seed}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
