"""From folders of photos to one calibrated ONNX file: VGG16 transfer learning and its tools."""
