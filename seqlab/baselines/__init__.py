"""The humble contestants, one a file."""
