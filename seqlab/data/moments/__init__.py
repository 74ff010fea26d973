"""Moments in time: how columns of a study write them, read the same way ever after."""
