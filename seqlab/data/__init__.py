"""Reading, inspecting, splitting, tokenising and batching sequence data."""
