# Training on the CPU: `docker compose run --rm training fit /data --out runs/first`.
FROM python:3.11-slim-bookworm AS build
COPY requirements/training.txt .
RUN python -m venv /opt/training \
 && /opt/training/bin/pip install --no-cache-dir --require-hashes --requirement training.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/training/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TF_CPP_MIN_LOG_LEVEL=2 MPLCONFIGDIR=/tmp HOME=/tmp
WORKDIR /app
COPY --from=build /opt/training /opt/training
COPY docker/training-entrypoint.sh /usr/local/bin/training
COPY models/vgg16-imagenet models/vgg16-imagenet
COPY service service
COPY training training
# The commands of the README work as they stand: runs/ and the computed features are kept on the host.
RUN mkdir /runs && ln -s /runs runs && ln -s /runs/.features .features
ENTRYPOINT ["training"]
CMD ["--help"]
