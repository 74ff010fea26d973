"""What of an example can matter by itself, one kind of input a file."""
