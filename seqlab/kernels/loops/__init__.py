"""The fused loops themselves, in Numba; imported on the first call that needs them."""
