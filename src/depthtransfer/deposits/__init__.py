"""Runs and solutions of a preset in one zip with a manifest: written for a deposit, verified, used as a layer."""

from depthtransfer.deposits.archive import Deposit, open_deposit
from depthtransfer.deposits.manifest import MANIFEST, Manifest, PackEntry
from depthtransfer.deposits.verification import verify
from depthtransfer.deposits.writing import write_deposit

__all__ = ["MANIFEST", "Deposit", "Manifest", "PackEntry", "open_deposit", "verify", "write_deposit"]
