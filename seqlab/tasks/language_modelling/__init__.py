"""What language modelling does to its texts, in the order in which they pass through."""
