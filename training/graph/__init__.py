"""One ONNX graph of a trained network, and the proof that it gives the same answers."""
