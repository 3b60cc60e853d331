"""Settings of eyes. Everything that differs between places is an environment variable.

Each variable stands in `.env.example`; none is needed to start.
"""

from __future__ import annotations

import sys
from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv

from eyes.env import (
    env_choice,
    env_flag,
    env_list,
    env_minutes,
    env_number,
    env_text,
    site_address,
)
from eyes.secret import keep_secret_key
from tagging.backbones.cards import CARDS
from tagging.devices import may_have_gpu

BASE_DIR = Path(__file__).resolve().parent.parent
RUNNING_TESTS = "pytest" in sys.modules
if not RUNNING_TESTS:
    load_dotenv(BASE_DIR / ".env")

STATE_DIR = Path(env_text("EYES_STATE_DIR", str(BASE_DIR / "var"))).absolute()

DEBUG = env_flag("EYES_DEBUG", default=False)
SECRET_KEY = env_text("EYES_SECRET_KEY") or keep_secret_key(STATE_DIR / "secret_key")
SITE_NAME = env_text("EYES_SITE_NAME", "eyes")

# A site on the public internet names its hosts and speaks HTTPS; at home neither is needed.
HTTPS = env_flag("EYES_HTTPS", default=False)
ALLOWED_HOSTS = env_list("EYES_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env_list(
    "EYES_ORIGINS", tuple(f"https://{host}" for host in ALLOWED_HOSTS) if HTTPS else ()
)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if env_flag("EYES_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

INSTALLED_APPS = [
    "eyes",
    "gallery",
    "tagging",
    "training",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "allauth",
    "allauth.account",
    "csp",
    "django_filters",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "rest_framework",
    "rest_framework.authtoken",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "eyes.compression.CompressText",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "eyes.language.SpeakPersonsLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tagging.sightings.NoteSightings",
]

ROOT_URLCONF = "eyes.urls"
WSGI_APPLICATION = "eyes.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "eyes.context.site",
            ],
        },
    },
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}

# --- Database -----------------------------------------------------------------------------

try:
    DATABASES = {
        "default": dj_database_url.parse(
            env_text("DATABASE_URL", f"sqlite:///{STATE_DIR / 'eyes.sqlite3'}"),
            # A fresh connection for every job and page cost more than most of what they ask.
            conn_max_age=60,
            conn_health_checks=True,
        )
    }
except (ValueError, KeyError) as error:
    raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from error
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Several processes share the file. WAL lets readers go on while one writes; a transaction
    # that may write takes the lock at its start, so that it waits instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;"
        ),
    }
elif DATABASES["default"]["ENGINE"].endswith("postgresql"):
    # Compiling a question of many conditions took a second, running it a twentieth of that.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- People -------------------------------------------------------------------------------

AUTH_USER_MODEL = "gallery.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = env_choice(
    "EYES_EMAIL_VERIFICATION", "optional", ("none", "optional", "mandatory")
)
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_USERNAME_BLACKLIST = ["admin", "moderator", "eyes", "api", "samples"]
EMAIL_BACKEND = env_text("EYES_EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env_text("EYES_EMAIL_HOST", "localhost")
EMAIL_PORT = env_number("EYES_EMAIL_PORT", 25, least=1)
EMAIL_HOST_USER = env_text("EYES_EMAIL_USER")
EMAIL_HOST_PASSWORD = env_text("EYES_EMAIL_PASSWORD")
EMAIL_USE_TLS = env_flag("EYES_EMAIL_TLS", default=False)
DEFAULT_FROM_EMAIL = env_text("EYES_EMAIL_FROM", "eyes@localhost")
# Where the site stands, for links in mails: a job knows of no request that would tell. Without it
# no notice is mailed. A site that speaks HTTPS under a name of its own need not say it.
EYES_ADDRESS = env_text("EYES_ADDRESS", site_address(HTTPS, ALLOWED_HOSTS)).rstrip("/")
EYES_COMMENTS_A_MINUTE = env_number("EYES_COMMENTS_A_MINUTE", 10, least=1)

# --- Photos -------------------------------------------------------------------------------

MEDIA_ROOT = Path(env_text("EYES_MEDIA_ROOT", str(BASE_DIR / "media"))).absolute()
EYES_MAX_UPLOAD_BYTES = env_number("EYES_MAX_UPLOAD_MB", 40, least=1) * 1_000_000
# A phone's 50-megapixel picture passes; a decompression bomb does not.
EYES_MAX_PIXELS = env_number("EYES_MAX_MEGAPIXELS", 64, least=1) * 1_000_000
# Pictures in AVIF, too: a quarter fewer bytes for viewers, made by the worker after an upload.
EYES_AVIF = env_flag("EYES_AVIF", default=True)
DATA_UPLOAD_MAX_NUMBER_FILES = 100
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# --- The network --------------------------------------------------------------------------

EYES_MODELS_STORE = Path(env_text("EYES_MODELS_STORE", str(BASE_DIR / "models_store"))).absolute()
# The vectors of the database once more, in files that are quickly searched.
EYES_VECTORS = STATE_DIR / "vectors"
EYES_BACKBONE = env_choice("EYES_BACKBONE", "efficientnet_lite0", tuple(CARDS))
EYES_ENGINE = env_choice("EYES_ENGINE", "auto", ("auto", "onnx", "keras", "openvino"))
# So many photos that wait are tagged together at most: more only needs more memory.
EYES_TAGGING_BATCH = env_number("EYES_TAGGING_BATCH", 32, least=1)
# Minutes of silence after which the tagging worker gives the network's memory back; 0 never does.
EYES_UNLOAD_AFTER = env_minutes("EYES_UNLOAD_AFTER", 15)
# How careful the site is: `community` for people who know each other, `public` for strangers.
EYES_POLICY = env_choice("EYES_POLICY", "community", ("community", "public"))
EYES_SAMPLES = env_flag("EYES_SAMPLES", default=True)
EYES_RETRAIN_AT = env_text("EYES_RETRAIN_AT", "03:30")
EYES_RETRAIN_AFTER = env_number("EYES_RETRAIN_AFTER", 20, least=1)
# By itself once a week: it is the largest single gain there is, and it runs only where enough was
# curated since the last time, at night and at a low priority.
EYES_FINE_TUNE = env_choice("EYES_FINE_TUNE", "weekly", ("weekly", "never"))
# Variations of photos that would be wrong here, such as flip where there is writing.
EYES_FINE_TUNE_WITHOUT = env_list("EYES_FINE_TUNE_WITHOUT")
# Networks that are fine-tuned from now on average what they say of a photo and of its mirror image:
# one more pass for each photo.
EYES_FLIPPED_VIEWS = env_flag("EYES_FLIPPED_VIEWS", default=False)
# What a fine-tuning runs on: auto (every GPU, else the CPU), cpu, a number of GPUs, or names such
# as gpu:0,gpu:2. Several share the photos of each step.
EYES_DEVICES = env_text("EYES_DEVICES", "auto")

# --- Jobs ---------------------------------------------------------------------------------

# A job whose worker was killed runs again after `retry` seconds. It
# must exceed `timeout` in both clusters, or a long job would be handed out twice; a
# system check says so. The training cluster is chosen by the environment variable
# Q_CLUSTER_NAME=training: its command-line twin is silently ignored where processes fork.
EYES_JOB_TIMEOUT = env_number("EYES_JOB_TIMEOUT", 120, least=5)
# A worker is replaced after a job when its peak, in kB, was beyond this. TensorFlow alone takes a
# gigabyte, with a GPU several: with a limit it would be loaded again for every photo.
_HAS_TENSORFLOW = EYES_ENGINE == "keras" or (EYES_ENGINE == "auto" and may_have_gpu())
LARGEST_WORKER = None if _HAS_TENSORFLOW else 700_000
Q_CLUSTER = {
    "name": "default",
    "orm": "default",
    "workers": env_number("EYES_WORKERS", 1, least=1),
    "timeout": EYES_JOB_TIMEOUT,
    "retry": EYES_JOB_TIMEOUT + max(EYES_JOB_TIMEOUT // 4, 5),
    "max_attempts": 5,
    "ack_failures": True,
    "catch_up": False,
    # Few, since what is on its way to a worker that is killed waits for `retry`.
    "bulk": 4,
    "queue_limit": 4,
    "poll": 0.2,
    "save_limit": 1000,
    "max_rss": LARGEST_WORKER,
    "recycle": 5000,
    "label": "Jobs",
    "ALT_CLUSTERS": {
        "training": {
            "workers": 1,
            "recycle": 1,
            "timeout": 6 * 3600,
            "retry": 7 * 3600,
            "max_attempts": 1,
            "ack_failures": True,
            "catch_up": False,
            "bulk": 1,
            "poll": 1,
        },
    },
}

# --- Pages, files and the API -------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
# How dates are written, shorter and without American order where the language leaves a choice.
FORMAT_MODULE_PATH = ["eyes.formats"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = env_text("TZ", "UTC")
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = STATE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or RUNNING_TESTS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "eyes.api_errors.answer_error",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    # Counted in each web process for itself: a brake for loops and guessing, not an exact quota.
    "DEFAULT_THROTTLE_RATES": {
        "anon": "120/min",
        "user": "600/min",
        "upload": "120/min",
        "token": "10/min",
        "share_password": "10/min",
    },
    # Whose address is counted: the sender's own, or the one that the only proxy noted.
    "NUM_PROXIES": 1 if env_flag("EYES_BEHIND_PROXY", default=False) else 0,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "eyes",
    "DESCRIPTION": "Share photos and teach the network that tags them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env_text("EYES_LOG_LEVEL", "INFO")},
    # Four lines a photo would bury what matters, so these are for those who ask for them.
    "loggers": {"django-q": {"level": env_text("EYES_LOG_LEVEL", "WARNING")}},
}
