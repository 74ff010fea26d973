"""The network one position at a time, with its state going in and coming out."""
