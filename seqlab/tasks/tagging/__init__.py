"""What tagging does to its data and with its models, in the order in which data passes through."""
