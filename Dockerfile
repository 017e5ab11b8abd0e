# The site in a container: Gunicorn or Daphne, as USE_DAPHNE says. Needs SECRET_KEY, ALLOWED_HOSTS and DATABASE_URL from
# outside (.env.example has every variable); nothing secret and no demo data is inside. compose.yaml shows all of it.

FROM python:3.11-slim AS packages
COPY requirements.txt /tmp/
RUN python -m venv /packages && /packages/bin/pip install --no-cache-dir --disable-pip-version-check -r /tmp/requirements.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /site --shell /usr/sbin/nologin gistagum \
    && install -d -o gistagum -g gistagum /site/var
COPY --from=packages /packages /packages
WORKDIR /site
COPY manage.py start.sh gunicorn.conf.py ./
COPY gistagum ./gistagum
COPY realtime ./realtime
COPY projeng ./projeng
COPY messaging ./messaging
COPY comm_service ./comm_service
COPY templates ./templates
COPY static ./static
ENV PATH=/packages/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000
USER gistagum
# Uploads, collected static files, and SQLite's file where no DATABASE_URL names another place.
VOLUME /site/var
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; from gistagum.listening import from_environment as site; r.urlopen(site().local_url + '/health/', timeout=5)"]
# start.sh becomes the server, so that a stop reaches it: streams and sockets are told to come back, then it ends.
STOPSIGNAL SIGTERM
ENTRYPOINT ["./start.sh"]
