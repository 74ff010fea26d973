"""A finished study as one HTML file."""
