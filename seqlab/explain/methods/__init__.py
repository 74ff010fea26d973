"""Ways to say what an answer rests on, one a file."""
