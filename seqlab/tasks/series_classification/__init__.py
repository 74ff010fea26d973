"""Classification of sequences of values: series, and images read as sequences."""
