"""The door for web servers. It must never import TensorFlow: a test proves it."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eyes.settings")
application = get_wsgi_application()
# Every view is loaded now instead of with the first page, and stays: the garbage collector need
# not look through all of it again and again, which took 40 ms of some unlucky page.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
