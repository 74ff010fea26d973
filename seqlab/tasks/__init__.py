"""One task a file: recognises its data and owns head, loss, metrics and exhibits."""
