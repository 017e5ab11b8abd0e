"""Settings of the tests: those of the site, for an environment of their own."""

import atexit
import os
import shutil
import tempfile

_scratch = tempfile.mkdtemp(prefix="gistagum-tests-")
atexit.register(shutil.rmtree, _scratch, ignore_errors=True)
for name in (
    "DATABASE_URL",
    "DATABASE_POOLER",
    "USE_DAPHNE",
    "SSE_ENABLED",
    "SSE_MAX_STREAMS",
    "DEBUG",
    "CSRF_TRUSTED_ORIGINS",
    "CORS_ALLOWED_ORIGINS",
    "WEBSOCKET_MAX_SOCKETS",
    "REDIS_URL",
    "WEBSOCKET_BROADCAST",
    "USE_WEBSOCKETS",
    "WEBSOCKET_ROLLOUT_PERCENT",
    "WEBSOCKET_ROLLOUT_GROUPS",
    "WEBSOCKET_SHADOW",
    "ROLLOUT_MAX_FAILED_PERCENT",
    "ROLLOUT_MAX_MISSING",
    "ROLLOUT_MAX_P99_MS",
    "ROLLOUT_STRIKES",
    "ROLLOUT_MIN_CONNECTIONS",
    "ROLLOUT_MIN_EVENTS",
    "TRUSTED_PROXIES",
    "SIGN_IN_TRIES",
    "STREAMS_PER_PERSON",
    "OPENS_PER_ADDRESS",
    "MESSAGE_ATTACHMENT_MAX_MB",
    "CLAMD_SOCKET",
    "CONTENT_SERVICE_URL",
    "MESSAGE_KEYS",
    "CHAT_BURST",
    "CHAT_RATE",
    "MESSAGE_EDIT_MINUTES",
    "MINIO_ENDPOINT",
    "MINIO_PUBLIC_ENDPOINT",
    "MINIO_ACCESS_KEY",
    "MINIO_SECRET_KEY",
    "MINIO_BUCKET",
    "MINIO_USE_SSL",
    "MESSAGE_ATTACHMENTS_BUCKET",
    "COMM_DOCUMENT_MAX_MB",
    "SERVICE",
    "COMM_COMPAT",
    "COMM_API",
    "COMM_API_CALLERS",
    "COMM_API_PERCENT",
    "COMM_API_SHADOW",
    "COMM_SHOW_SIDE",
    "AUTH_SERVICE_URL",
    "PROFILE_SERVICE_URL",
    "CORE_SERVICE_URL",
    "EMAIL_URL",
    "DEFAULT_FROM_EMAIL",
    "COMM_EMAIL_EVERY_SECONDS",
    "COMM_EMAIL_RETRY_SECONDS",
    "COMM_CELERY_REDIS_DB",
    "COMM_CELERY_DIR",
    "RABBITMQ_URL",
):
    os.environ.pop(name, None)
os.environ.update(
    SECRET_KEY="only-for-the-tests-and-nothing-else-0123456789-abcdefghijklmnopqrstuvwxyz",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    HTTPS="false",
    DATABASE_URL=f"sqlite:///{_scratch}/unused.sqlite3",
    MEDIA_ROOT=f"{_scratch}/media",
    STATIC_ROOT=f"{_scratch}/static",
    GISTAGUM_ENV_FILE=os.devnull,
    COMM_ENABLED="true",
    COMM_EMAIL_EMBEDDED="false",
    JWT_SECRET_KEY="only-for-the-tests-of-the-communication-api-0123456789",
)

from gistagum.settings import *  # noqa: E402, F403

STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
# Quick for people who never type their password; the real one (second) for those who sign in through the front door.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
os.makedirs(STATIC_ROOT)  # noqa: F405
