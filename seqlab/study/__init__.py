"""Candidates, trials and seeds at a declared budget, executed into runs."""
