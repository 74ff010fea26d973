"""A trained contestant behind HTTP: typed requests, batches without waiting, limits, a page."""
