# Training on the CPU: `docker compose run --rm training fit /data --out /runs/first`.
FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TF_CPP_MIN_LOG_LEVEL=2 MPLCONFIGDIR=/tmp HOME=/tmp
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin training
WORKDIR /app
COPY requirements/training.txt requirements/
RUN python -m venv /opt/training \
 && /opt/training/bin/pip install --no-cache-dir --require-hashes --requirement requirements/training.txt
ENV PATH=/opt/training/bin:$PATH
COPY models/vgg16-imagenet models/vgg16-imagenet
COPY service service
COPY training training
USER 10001
ENTRYPOINT ["python", "-m", "training"]
CMD ["--help"]
