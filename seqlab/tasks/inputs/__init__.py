"""What models read of a row: one kind of input a file."""
