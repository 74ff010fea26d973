"""Trained models as files that run without torch and seqlab: ONNX, with what stands around it."""
