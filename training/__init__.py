"""From folders of photos to one calibrated ONNX file: VGG16 transfer learning and its tools."""

import os

# TensorFlow's start-up chatter hides what a command says; set before anything imports it, and only if unset.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
