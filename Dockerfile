# The bot in a small image, not as root. docker build -t plaudit . ; see docs/deploying.md.
FROM python:3.12-slim AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /app
# With the extras that a server wants (metrics, nats, oauth, tracing); those for charts and Parquet are large.
COPY requirements-image.lock ./
RUN /app/bin/pip install --require-hashes -r requirements-image.lock
COPY pyproject.toml README.md LICENSE ./
COPY bots ./bots
COPY core ./core
COPY migrations ./migrations
RUN /app/bin/pip install --no-deps --no-build-isolation . && /app/bin/python -m compileall -q /app/lib

FROM python:3.12-slim
RUN useradd --uid 10001 --create-home --home-dir /data plaudit
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 \
    PLAUDIT_DATABASE_URL=sqlite:////data/plaudit.db \
    PLAUDIT_LOG_FORMAT=json PLAUDIT_HEALTH_PORT=8790
USER plaudit
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8790/healthz', timeout=3)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["plaudit"]
CMD ["run", "slack"]
