"""What transcription does to its data, in the order in which data passes through."""
