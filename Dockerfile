# One image for all processes of a server; docker-compose.yml says which runs what.
FROM python:3.13-slim-bookworm AS build

WORKDIR /srv/genosocial
COPY requirements.lock requirements-local.lock ./
RUN python -m venv /opt/genosocial \
    && /opt/genosocial/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
# Babel compiles the translations; the running server does not need it.
RUN python -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements-local.lock
COPY . .
RUN /opt/tools/bin/python -m genosocial.catalogues compile \
    && /opt/genosocial/bin/python -m compileall -q accounts core federation genosocial invites media moderation timelines


FROM python:3.13-slim-bookworm

RUN useradd --system --uid 10001 --user-group --home-dir /srv/genosocial --shell /usr/sbin/nologin genosocial \
    && install --directory --owner genosocial --group genosocial /var/lib/genosocial
COPY --from=build /opt/genosocial /opt/genosocial
COPY --from=build /srv/genosocial /srv/genosocial

WORKDIR /srv/genosocial
ENV PATH=/opt/genosocial/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    GENOSOCIAL_DATA_DIR=/var/lib/genosocial
VOLUME /var/lib/genosocial
USER genosocial
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--blocking-threads", "4", "--host", "0.0.0.0", "--port", "8000", "genosocial.wsgi:application"]
