"""Fused loops that the mixers' bases call, each beside its plain-torch twin."""
