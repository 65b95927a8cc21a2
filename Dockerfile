# Attune in a container: coordinator, worker and dashboard on a slim Debian, as a user without rights. `docker build -t attune .`
# For Kubernetes see cluster/kubernetes. By hand: docker run -v "$PWD/runs:/data" attune attune run /usr/share/attune/sweeps/quickstart.yaml
FROM swift:6.3-bookworm AS build
WORKDIR /attune
COPY . .
# Times in the packages; `git log -1 --format=%ct` gives those of `make package`.
ARG SOURCE_DATE_EPOCH=0
# Installs what the build needs from Debian (scripts/setup), and leaves the package in .build/packages.
RUN make package

FROM debian:12-slim
# What depends on Debian's packages gets the ones of today: they are the ones with security updates. Documents are left out, and the
# worker once more, for machines without Attune.
# hadolint ignore=DL3008
RUN --mount=type=bind,from=build,source=/attune/.build/packages,target=/packages \
    printf 'path-exclude=/usr/lib/attune/*\npath-exclude=/usr/share/doc/attune/docs/*\n' >/etc/dpkg/dpkg.cfg.d/attune \
    && apt-get update \
    && apt-get install -y --no-install-recommends /packages/attune_*.deb \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 attune \
    && useradd --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin attune \
    && install -d -o 10001 -g 10001 -m 755 /data
USER 10001:10001
WORKDIR /data
# No HEALTHCHECK: one image is coordinator, worker and dashboard, and each ends by itself where it cannot go on. Kubernetes' probes
# (cluster/kubernetes/base) ask the coordinator's own loop.
CMD ["attune", "--help"]
