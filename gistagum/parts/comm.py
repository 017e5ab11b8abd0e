"""Settings of the communication API alone: those of the site, with fewer applications and middleware.

Its events are in the log of its own database. It has no people, pages or sessions: callers show tokens.
"""

import os

os.environ.update(SERVICE="comm", COMM_ENABLED="true")

from gistagum.settings import *  # noqa: F403

INSTALLED_APPS = [
    "gistagum.servers.daphne_app.DaphneConfig",
    "django.contrib.auth",  # realtime's tables refer to users and sessions; there are none
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "corsheaders",
    "ninja",  # the files of the page that shows the API
    "realtime",
    "switchover",
    "comm_service",
    "comm_service.email",
    "comm_service.exchange",
    "gistagum.apps.SiteConfig",
]
MIDDLEWARE = [
    "gistagum.middleware.ConnectionMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "gistagum.body_limits.BodyMiddleware",
    "gistagum.middleware.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "gistagum.middleware.StaticFilesMiddleware",
    "gistagum.readiness.ReadinessMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "gistagum.parts.comm_urls"
WEBSOCKET_URLPATTERNS = WEBSOCKET_DOORS = "gistagum.parts.comm_urls.websocket_urlpatterns"
SERVER_STARTS = ["comm_service.email.embedded.start"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
TIME_ZONE = "UTC"  # as answers have it
STATICFILES_DIRS: list[str] = []
STATIC_ROOT = VAR_DIR / "comm" / "static"  # noqa: F405 (the office's files are others)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    **OBJECT_STORAGES,  # noqa: F405
}
REST_FRAMEWORK = {  # the views set what they want; this keeps DRF from loading what is not installed
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}
CORS_URLS_REGEX = r"^/comm/"
