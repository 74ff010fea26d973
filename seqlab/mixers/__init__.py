"""Architectures, one a file: each mixes positions and keeps the width."""
