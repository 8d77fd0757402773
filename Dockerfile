# One image for all daemons; the command says which:
#
#   docker build -t cpe .
#   docker run -e AWS_DEFAULT_REGION=eu-west-1 -e CPE_CONFIG=/etc/cpe/cpe.yml -v ./cpe.yml:/etc/cpe/cpe.yml:ro \
#     cpe cpe-worker -D SADomain -A TranscodeAsset -V v2
#
# With LibreOffice, for workers that take office documents (some 400 MB more):
#
#   docker build --build-arg LIBREOFFICE=1 -t cpe-office .
#
# There is no HEALTHCHECK: the daemons serve nothing that could be asked, and one that cannot go on exits.

FROM python:3.13-slim-trixie AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

# Everything in the lock, checked against its hashes, as wheels: the one source of the installation below.
COPY requirements.lock ./
RUN pip wheel --require-hashes --no-deps --requirement requirements.lock --wheel-dir /wheels

# The build backend comes from the lock too.
RUN pip install --no-index --find-links /wheels hatchling
COPY pyproject.toml README.md LICENSE ./
COPY cpe ./cpe
COPY activities ./activities
COPY plans ./plans
COPY config ./config
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

# Only what the project needs to run; no pip, no tests, no development tools.
RUN python -m venv --without-pip /opt/cpe \
 && pip --python /opt/cpe/bin/python install --no-index --find-links /wheels cloud-processing-engine


FROM python:3.13-slim-trixie
ARG LIBREOFFICE=""
# The fonts are as wide as Arial, Times New Roman, Courier New, Calibri and Cambria: lines break where they did.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ffmpeg imagemagick tini \
    ${LIBREOFFICE:+libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui \
      fonts-liberation fonts-crosextra-carlito fonts-crosextra-caladea} \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 cpe \
 && useradd --uid 10001 --gid cpe --create-home --shell /usr/sbin/nologin cpe \
 && install --directory --owner=cpe --group=cpe /scratch
COPY --from=build /opt/cpe /opt/cpe
ENV PATH=/opt/cpe/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CPE_SCRATCH=/scratch
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /home/cpe
# Sources and renditions of the running tasks; give it a fast disk.
VOLUME ["/scratch"]
# The daemons finish what runs on the first SIGTERM and hand it back on the second.
STOPSIGNAL SIGTERM
# tini passes signals on and reaps what ffmpeg leaves.
ENTRYPOINT ["tini", "--"]
CMD ["cpe", "--help"]
