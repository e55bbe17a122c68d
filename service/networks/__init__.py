"""Networks: ONNX Runtime sessions, what a file says about itself, and bundles of both."""
