"""A finished study as one HTML file."""

from seqlab.report.write import write_report

__all__ = ["write_report"]
