"""Anybody's table of a sweep: read, understood, judged, and shown."""

from depthtransfer.sweep_table.cleaning import Asked
from depthtransfer.sweep_table.showing import Report, report, report_on

__all__ = ["Asked", "Report", "report", "report_on"]
