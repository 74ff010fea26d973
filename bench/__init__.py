"""Measurements: interleaved, medians, ratios against a named peer in the same run."""
