# One image for everything: `manage.py up` starts the site and both workers.
FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
RUN useradd --create-home eyes
WORKDIR /srv/eyes
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY --chown=eyes . .
RUN mkdir -p /data && chown eyes /data
USER eyes
ENV EYES_BIND=0.0.0.0 PORT=8000 \
    EYES_STATE_DIR=/data/var EYES_MEDIA_ROOT=/data/media EYES_MODELS_STORE=/data/models_store
VOLUME /data
EXPOSE 8000
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz')"]
CMD ["python", "manage.py", "up"]
