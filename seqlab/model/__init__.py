"""Embedding, positions, blocks, pooling and the sequence model they make."""
