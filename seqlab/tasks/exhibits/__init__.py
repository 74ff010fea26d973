"""What reports show of predictions, one kind of target a file."""
