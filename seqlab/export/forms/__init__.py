"""What of a task's model becomes a file, one kind of task a file; `choose.py` knows which."""
