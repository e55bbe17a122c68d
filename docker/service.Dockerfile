# The microservice: locked dependencies in a lower layer, no compiler and no pip in the final image, non-root.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv --without-pip /opt/service
COPY requirements/service.txt .
RUN pip install --no-cache-dir --no-compile --require-hashes --target /opt/service/lib/python3.11/site-packages \
      --requirement service.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/service/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SERVICE_MODELS=/models
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin service
WORKDIR /app
COPY --from=build /opt/service /opt/service
COPY service service
COPY models/eye-shape /models/eye-shape
COPY models/eye-locator /models/eye-locator
# Byte code is made now, because the running container cannot write.
RUN PYTHONDONTWRITEBYTECODE= python -m compileall -q /opt/service/lib service
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"SERVICE_PORT\", \"8000\")}/health/ready', timeout=2)"]
CMD ["python", "-m", "service"]
