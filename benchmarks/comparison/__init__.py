"""The service against raw ONNX Runtime and against what people serve classifiers with instead."""
