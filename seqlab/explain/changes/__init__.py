"""Changes of an input after which an answer should stay the same, or move one way; one a file."""
