"""Fitting a model to an objective; knows no task."""
