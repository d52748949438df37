# syntax=docker/dockerfile:1

FROM python:3.13-slim-trixie AS build
WORKDIR /source
RUN python -m venv --without-pip /opt/moorline
COPY requirements.lock ./
# Wheels alone: there is no compiler here, and what a source package would run at installation is nobody's to check.
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/moorline/bin/python install --require-hashes --only-binary :all: --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/moorline/bin/python install --no-deps --no-build-isolation . \
    && pip --python /opt/moorline/bin/python uninstall --yes flit-core

# The same image again: the environment points to its interpreter, and has to stay at its path.
FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="Moorline" \
      org.opencontainers.image.description="Connects people's social accounts to your application." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN python -m pip uninstall --yes pip \
    && groupadd --gid 10001 moorline \
    && useradd --uid 10001 --gid moorline --home-dir /var/lib/moorline --no-create-home --shell /usr/sbin/nologin moorline \
    && install --directory --owner=moorline --group=moorline --mode=0700 /var/lib/moorline
COPY --from=build /opt/moorline /opt/moorline
ENV PATH=/opt/moorline/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MOORLINE_HOST=0.0.0.0
USER 10001:10001
# Nothing is written but the SQLite database, to moorline-data below this folder; without SQLite, nothing at all. With a
# read-only root give SQLite a /tmp besides, for sorts that do not fit in memory.
WORKDIR /var/lib/moorline
VOLUME /var/lib/moorline
EXPOSE 8400
STOPSIGNAL SIGTERM
# Alive, not ready: a server that waits for its database is not mended by a restart.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --start-interval=1s CMD ["python", "-Ic", \
    "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('MOORLINE_PORT') or 8400), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["moorline"]
CMD ["serve", "--migrate"]
