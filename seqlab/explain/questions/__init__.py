"""The numbers of an answer that are explained, one kind of target a file."""
