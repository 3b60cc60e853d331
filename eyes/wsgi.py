"""The door for web servers. It must never import TensorFlow: a test proves it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eyes.settings")
application = get_wsgi_application()
