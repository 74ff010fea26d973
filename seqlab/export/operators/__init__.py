"""Our kernels as ONNX operators, one kernel a file; `table.py` finds them by the file's name."""
