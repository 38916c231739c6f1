# The service of calcmetric: README's set-up in an image. docs/operations.md says what to set around it.
#
#     docker build -t calcmetric .
#     docker run -p 8000:8000 -v calcmetric:/state -v /srv/data:/data:ro calcmetric
FROM python:3.11-slim

# A user of its own; another id works as well, with or without a name (docker run --user, runAsUser).
RUN useradd --create-home --home-dir /state --uid 10001 calcmetric

# Only what is installed: a checkout on Python's path would be within reach of metrics.
COPY pyproject.toml README.md LICENSE /build/
COPY engine /build/engine
COPY sandbox /build/sandbox
RUN cd /build && python3 -m pip install --no-cache-dir '.[server]' && rm -rf /build

# The database, and the class archives that make later starts of Spark faster.
ENV HOME=/state CALCMETRIC_DATABASE=sqlite:////state/calcmetric.db
VOLUME /state
WORKDIR /state
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --start-period=60s CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
ENTRYPOINT ["calcmetric"]
CMD ["serve", "--host", "0.0.0.0", "--data-root", "/data"]
