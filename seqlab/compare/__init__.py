"""Honest statistics over finished runs; knows no torch."""
