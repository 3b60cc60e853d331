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
# A site that allows only its public name must be asked by that name.
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import os, urllib.request as web; host = os.environ.get('EYES_HOSTS', '').split(',')[0].strip().lstrip('*.') or 'localhost'; web.urlopen(web.Request('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', headers={'Host': host}))"]
CMD ["python", "manage.py", "up"]
