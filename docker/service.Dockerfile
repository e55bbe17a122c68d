# The microservice: Python, the locked dependencies and the libraries they need, and nothing else. No shell, no
# package manager, no compiler; an ordinary user.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
# --build-arg REQUIREMENTS=tracing: with OpenTelemetry.
ARG REQUIREMENTS=service
COPY requirements/${REQUIREMENTS}.txt requirements.txt
RUN pip install --no-cache-dir --no-compile --require-hashes --target packages --requirement requirements.txt
COPY docker/distroless.py .
RUN python distroless.py packages /image
# What is missing shows now, and not when somebody runs the image.
RUN PYTHONPATH=/opt/service chroot /image /usr/local/bin/python -c \
      "import fastapi, httptools, numpy, onnxruntime, PIL._avif, PIL._webp, pydantic, ssl, uvicorn, uvloop"
# Byte code is made now, because the running container cannot write.
RUN python -m compileall -q --invalidation-mode unchecked-hash -s /image /image
COPY service /app/service
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM scratch
ENV PATH=/usr/local/bin PYTHONPATH=/opt/service PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SERVICE_MODELS=/models
COPY --from=build /image /
COPY models/eye-locator /models/eye-locator
COPY models/eye-shape /models/eye-shape
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
EXPOSE 8000
# To connect to an address that stands for all of them is to connect to this machine. Names are read as the service
# reads them: in small letters too, those in capitals first.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["python", "-c", "import os, http.client as h; e = {**{n.upper(): v for n, v in os.environ.items()}, **os.environ}.get; c = h.HTTPConnection(e('SERVICE_HOST') or '0.0.0.0', int(e('SERVICE_PORT', '8000')), timeout=2); c.request('GET', '/health/ready'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["python", "-m", "service"]
