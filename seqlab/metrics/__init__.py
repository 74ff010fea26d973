"""One metric a file: per-example statistics, then a weighted reduction."""
