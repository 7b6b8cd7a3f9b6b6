# One image for both: `./boot.sh web` is what it runs, and compose gives the workers `./boot.sh worker`.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    MICROBLOG_ENV=production \
    INSTANCE_PATH=/data \
    HOST=0.0.0.0 \
    PORT=8000

# A volume mounted at /data belongs to this user too: Docker takes over the folder's owner when it makes one.
RUN useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin microblog \
    && install -d -o microblog -g microblog /data

WORKDIR /app

# Changes rarely, takes longest: a layer of its own, before the code.
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    --require-hashes --no-deps -r requirements.txt

# What .dockerignore lets in. Readable whatever the umask of the clone was, and compiled, for nobody may write here later.
COPY . .
RUN chmod -R a+rX . && python -m compileall -q .

USER 1000:1000
EXPOSE 8000

# The web's. It answers once the database is migrated; workers have none, for what dies in them is started again.
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --start-interval=1s --retries=3 \
    CMD ["python", "-c", \
    "import http.client as h; c = h.HTTPConnection('127.0.0.1:8000'); c.request('GET', '/health'); exit(c.getresponse().status != 200)"]

CMD ["./boot.sh", "web"]
