"""Models from outside: checkpoints, their readers and features, and networks of the user's own."""
