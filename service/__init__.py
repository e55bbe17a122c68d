"""A stateless image classification microservice: FastAPI in front of ONNX Runtime."""
