"""All settings of Landfall, grouped as in docs/settings.md.

Values come from the environment through `config.env`; a wrong one refuses to start.
"""

from __future__ import annotations

from pathlib import Path

import dj_database_url
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

from config.celery import app as _celery_app  # noqa: F401 - every process sends tasks through it
from config.env import (
    WrongSetting,
    read_bool,
    read_int,
    read_kept,
    read_secret,
    read_text,
    read_url,
)
from config.logs import configure_logs
from config.unfold import UNFOLD  # noqa: F401 - django-unfold reads it here
from launch.places import redis_socket

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(read_text("LANDFALL_DATA_DIR", str(BASE_DIR / "var")))

# Safety
DEBUG = read_bool("DEBUG", default=False)
DEMO = read_bool("LANDFALL_DEMO", default=False)
# The launcher's own key, if it made one: `manage.py` then works beside it.
SECRET_KEY = read_secret("SECRET_KEY") or read_kept(DATA_DIR / "secret-key")
if not SECRET_KEY:
    if not DEBUG:
        raise WrongSetting("SECRET_KEY", "set when DEBUG is off", "")
    SECRET_KEY = get_random_secret_key()
ALLOWED_HOSTS = read_text("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [entry for entry in read_text("CSRF_TRUSTED_ORIGINS").split(",") if entry]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = read_bool("SECURE_COOKIES", default=not DEBUG)

# What Django runs
INSTALLED_APPS = [
    "regions",
    "regions.governance",
    "regions.translations",
    "flags",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Database
SQLITE_URL = f"sqlite:///{DATA_DIR / 'landfall.sqlite3'}"
DATABASE_URL = read_url(
    "DATABASE_URL", SQLITE_URL, schemes=frozenset({"sqlite", "postgres", "postgresql"})
)
DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # A publish reads in a deferred transaction: an immediate one would stall every writer.
    DATABASES["snapshot"] = {
        **DATABASES["default"],
        "OPTIONS": {**DATABASES["default"]["OPTIONS"], "transaction_mode": "DEFERRED"},
        "TEST": {"MIRROR": "default"},
    }

# Redis
REDIS_URL = read_url(
    "REDIS_URL",
    f"unix://{redis_socket(DATA_DIR)}",
    schemes=frozenset({"redis", "rediss", "unix"}),
)

# Celery: tasks are only ever nudges; what has to be done stands in the outbox.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_DEFAULT_QUEUE = "landfall"
CELERY_TASK_TIME_LIMIT = 120
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for Redis however long it takes
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
# No socket_timeout: a worker waits for its next task on this connection. Who only sends
# nudges has time-outs of its own (regions.governance.relay).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
CELERY_TIMEZONE = "UTC"

# Signing in
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "start"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Words and times
LANGUAGE_CODE = "en"
# Django brings its own words in a hundred languages, and we have none of ours yet: a page that is
# half German is worse than an English one. A language is added here together with its catalog.
LANGUAGES = [("en", _("English"))]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LOCALE_DIR = Path(read_text("LANDFALL_LOCALE_DIR", str(BASE_DIR / "locale")))

# Files
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = DEBUG

# Delivery
LKG_DIR = DATA_DIR / "last-known-good"

# Counts of what was shown
USAGE_DAYS = read_int("LANDFALL_USAGE_DAYS", 90, low=1, high=3_650)

# The end-to-end probe: how fast a change reaches a client at the address that clients use
PROBE_URL = read_url("LANDFALL_PUBLIC_URL", "", schemes=frozenset({"http", "https"})).rstrip("/")
PROBE_ENVIRONMENT = read_text("LANDFALL_PROBE_ENVIRONMENT", "production")

# Logs
LOG_LEVEL = read_text("LOG_LEVEL", "WARNING").upper()
configure_logs(LOG_LEVEL)
QUIET_LEVEL = "INFO" if LOG_LEVEL == "DEBUG" else LOG_LEVEL
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Django's own handler would say everything a second time while DEBUG is on.
        "django": {"handlers": [], "level": LOG_LEVEL},
        # Templates tell all that a page knows, a new token too, and queries their parameters.
        "django.template": {"level": QUIET_LEVEL},
        "django.db.backends": {"level": QUIET_LEVEL},
    },
}
