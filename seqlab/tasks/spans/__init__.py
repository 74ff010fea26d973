"""What answering by span is made of: questions with answers, positions, decoding, exhibits."""
