"""What models predict of a row: one kind of target a file."""
