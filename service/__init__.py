"""A stateless image classification microservice: FastAPI in front of ONNX Runtime."""

import os

# ONNX Runtime's Linux builds report usage to their vendor unless told not to before they are loaded. A
# service that is trusted with photos of people talks to nobody.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# Prometheus's client would keep its numbers in files of the folder that these name, which other servers want.
for _folder in ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"):
    os.environ.pop(_folder, None)
