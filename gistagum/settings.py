"""Settings of the site. Only this module reads the environment; .env.example documents every variable."""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from .database import POOLERS, database_settings
from .email_url import email_settings
from .environment import Environment
from .layers import channel_layers
from .listening import allowed_host, listen_host, page_origin, trusted_origin
from .message_keys import message_key
from .object_storage import ObjectStorage, endpoint_url
from .request_threads import OWN_CONNECTIONS
from .services import broker_url, mail_address, secret_key, service_url, socket_address
from .task_broker import celery_settings
from .version import code_version, scripts_version

BASE_DIR = Path(__file__).resolve().parent.parent
# Tests set another file (or /dev/null), so that a developer's .env does not influence them.
_named_env_file = os.environ.get("GISTAGUM_ENV_FILE")
env = Environment(Path(_named_env_file or BASE_DIR / ".env"), must_exist=bool(_named_env_file))

# --- the part that this process serves (gistagum/parts/); empty: the whole site ---------------------------------
SERVICE = env.text("SERVICE")
if env.source("SERVICE") not in {"default", "environment"}:
    raise ImproperlyConfigured("SERVICE is in the env file; it chooses the settings, so set it in the environment.")

# --- identity -------------------------------------------------------------------------------------------------
DEBUG = env.boolean("DEBUG", False)
HTTPS = env.boolean("HTTPS", not DEBUG)

SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured("SECRET_KEY is not set; with DEBUG=false it must be a long random text.")
    SECRET_KEY = "django-insecure-only-for-debug"  # noqa: S105 (refused above unless DEBUG=true)
elif not DEBUG and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5):
    raise ImproperlyConfigured(
        "SECRET_KEY is too weak; with DEBUG=false it must have 50 characters or more, at random."
    )

ALLOWED_HOSTS = [allowed_host(name) for name in env.names("ALLOWED_HOSTS")]
if not ALLOWED_HOSTS:
    if not DEBUG:
        raise ImproperlyConfigured("ALLOWED_HOSTS is not set; with DEBUG=false it must name the hosts that are served.")
    ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
if "*" in ALLOWED_HOSTS and not DEBUG:
    raise ImproperlyConfigured("ALLOWED_HOSTS is '*'; with DEBUG=false it must name the hosts that are served.")
CSRF_TRUSTED_ORIGINS = [trusted_origin(one) for one in env.names("CSRF_TRUSTED_ORIGINS")]

# --- the communication API (comm_service) ----------------------------------------------------------------------
COMM_ENABLED = env.boolean("COMM_ENABLED", False)
COMM_COMPAT = env.boolean("COMM_COMPAT", False)
COMM_API = env.choice("COMM_API", "legacy", ["legacy", "ninja"])
COMM_API_CALLERS = env.names("COMM_API_CALLERS")
# With named callers and no percentage, only these are answered by the new side.
COMM_API_PERCENT = env.integer("COMM_API_PERCENT", 0 if COMM_API_CALLERS else 100, 0, 100)
COMM_API_SHADOW = env.boolean("COMM_API_SHADOW", False)
COMM_SHOW_SIDE = env.boolean("COMM_SHOW_SIDE", False)
JWT_SECRET_KEY = secret_key("JWT_SECRET_KEY", env.text("JWT_SECRET_KEY"))
AUTH_SERVICE_URL = service_url("AUTH_SERVICE_URL", env.text("AUTH_SERVICE_URL"))
PROFILE_SERVICE_URL = service_url("PROFILE_SERVICE_URL", env.text("PROFILE_SERVICE_URL"))
CORE_SERVICE_URL = service_url("CORE_SERVICE_URL", env.text("CORE_SERVICE_URL"))
if COMM_ENABLED and not COMM_COMPAT and not JWT_SECRET_KEY:
    raise ImproperlyConfigured(
        "COMM_ENABLED is true and JWT_SECRET_KEY is not set; callers show tokens that it signs. COMM_COMPAT=true asks "
        "for none."
    )

# --- applications, middleware and templates -------------------------------------------------------------------
INSTALLED_APPS = [
    "gistagum.servers.daphne_app.DaphneConfig",  # before staticfiles, so that runserver uses ASGI
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_filters",
    "csp",
    "corsheaders",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "realtime",
    "switchover",
    "messaging",
    "messaging.notices",
    "projeng",
    # ninja: the files of the page that shows its API
    *(["ninja", "comm_service", "comm_service.email", "comm_service.exchange"] if COMM_ENABLED else []),
    "gistagum.apps.SiteConfig",
]

MIDDLEWARE = [
    "gistagum.middleware.ConnectionMiddleware",
    "corsheaders.middleware.CorsMiddleware",  # what follows may refuse a request, and pages must be able to read why
    "gistagum.body_limits.BodyMiddleware",
    "gistagum.middleware.HealthMiddleware",
    "gistagum.middleware.SessionCookieMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "gistagum.middleware.StaticFilesMiddleware",
    "gistagum.readiness.ReadinessMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "projeng.sign_in.SignInMiddleware",
    "projeng.actor.ActorMiddleware",
    "realtime.integration.page_cursor.PageCursorMiddleware",
]

ROOT_URLCONF = "gistagum.urls"
WEBSOCKET_URLPATTERNS = "gistagum.routing.websocket_urlpatterns"  # a site's sockets, for gistagum/asgi.py
WEBSOCKET_DOORS = "messaging.routing.websocket_urlpatterns"  # those for clients with a token or a ticket
# Those for users of other services, who are known by tokens that the application checks itself.
WEBSOCKET_OUTSIDERS = "comm_service.websocket.routing.websocket_urlpatterns" if COMM_ENABLED else ""
SERVER_STARTS = [  # called when a server process starts
    "messaging.live.registering.keep_presence",
    *(["comm_service.email.embedded.start"] if COMM_ENABLED else []),
]
WSGI_APPLICATION = "gistagum.wsgi.application"
ASGI_APPLICATION = "gistagum.asgi.application"

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
                "projeng.context.office",
                "messaging.page.context.header",
            ],
        },
    },
]
FORM_RENDERER = "projeng.forms.rendering.OfficeFormRenderer"

# The threads of a process that are reserved for requests other than streams (SSE_MAX_STREAMS limits the streams).
WEB_THREADS = env.integer("WEB_THREADS", 16, 1, 500)

# --- storage --------------------------------------------------------------------------------------------------
VAR_DIR = BASE_DIR / "var"
DATABASE_FILE = f"{SERVICE or 'gistagum'}.sqlite3"
DATABASE_POOLER = env.choice("DATABASE_POOLER", "none", POOLERS)
DATABASES = {
    "default": database_settings(
        env.text("DATABASE_URL", f"sqlite:///{quote(str(VAR_DIR / DATABASE_FILE))}"),
        max_connections=WEB_THREADS + OWN_CONNECTIONS,
        pooler=DATABASE_POOLER,
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(VAR_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "gistagum.storage.HashedStaticFiles"},
}

# --- object storage: documents of the communication API, and attachments of messages where a bucket is named ----
MINIO_USE_SSL = env.boolean("MINIO_USE_SSL", False)
_object_storage = ObjectStorage(
    endpoint=endpoint_url("MINIO_ENDPOINT", env.text("MINIO_ENDPOINT"), use_ssl=MINIO_USE_SSL),
    public_endpoint=endpoint_url("MINIO_PUBLIC_ENDPOINT", env.text("MINIO_PUBLIC_ENDPOINT"), use_ssl=MINIO_USE_SSL),
    access_key=env.text("MINIO_ACCESS_KEY"),
    secret_key=env.text("MINIO_SECRET_KEY"),
)
OBJECT_STORAGES = _object_storage.storages(
    documents=env.text("MINIO_BUCKET", "medtrack-documents"),
    attachments=env.text("MESSAGE_ATTACHMENTS_BUCKET"),
    media_root=MEDIA_ROOT,
)
STORAGES |= OBJECT_STORAGES
COMM_DOCUMENT_MAX_MB = env.integer("COMM_DOCUMENT_MAX_MB", 10, 1, 200)

# --- files that people upload -----------------------------------------------------------------------------------
UPLOAD_MAX_MB = env.integer("UPLOAD_MAX_MB", 10, 1, 200)

# --- attachments of messages ----------------------------------------------------------------------------------
MESSAGE_ATTACHMENT_MAX_MB = env.integer("MESSAGE_ATTACHMENT_MAX_MB", 10, 1, 200)
CLAMD_SOCKET = socket_address("CLAMD_SOCKET", env.text("CLAMD_SOCKET"))
CONTENT_SERVICE_URL = service_url("CONTENT_SERVICE_URL", env.text("CONTENT_SERVICE_URL"))

# --- time and language ----------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "Asia/Manila"
USE_TZ = True
USE_I18N = False

# --- authentication -------------------------------------------------------------------------------------------
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_COOKIE_HTTPONLY = True
SIGN_IN_TRIES = env.integer("SIGN_IN_TRIES", 5, 1, 1000)
SIGN_IN_LIMITS = "projeng.sign_in"  # the module whose ``attempt`` limits sign-in by programs, too

# --- the APIs of messaging ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "messaging.people_api.authentication.HeaderTokenAuthentication",  # the first one says how to sign in (401)
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "messaging.people_api.parsers.Utf8JSONParser",
        "messaging.people_api.parsers.Utf8FormParser",
        "messaging.people_api.parsers.Utf8MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "messaging.people_api.errors.respond",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Messaging",
    "DESCRIPTION": "Conversations, notices and people, for programs. See docs/messaging-api.md.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "messaging.chat.streams_described.with_streams",
    ],
}
# Pages of these origins may use the APIs. They send tokens, or the session cookie with the checks against forgery.
CORS_ALLOWED_ORIGINS = [page_origin(one) for one in env.names("CORS_ALLOWED_ORIGINS")]
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/(api/v1|comm/api|comm/events)/" if COMM_ENABLED else r"^/api/v1/"
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "cache-control",
    "content-type",
    "idempotency-key",
    "last-event-id",
    "x-college-id",
    "x-csrftoken",
    "x-tenant-id",
]
# The communication API says by these where a new row and the next page are, and which side answered.
CORS_EXPOSE_HEADERS = ["retry-after", *(["link", "location", "x-served-by"] if COMM_ENABLED else [])]

# --- security in the browser ----------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if HTTPS:
    # A proxy terminates TLS. It must set this header and overwrite what a client sends.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds())
    # HSTS for subdomains and for browsers' preload lists is the decision of the domain's owner.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# --- the server (gistagum/server.py builds its command line) --------------------------------------------------
HOST = listen_host(env.text("HOST", "127.0.0.1"))
PORT = env.integer("PORT", 8000, 1, 65535)
WEB_CONCURRENCY = env.integer("WEB_CONCURRENCY", 2, 1, 64)
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0, 0, 10)
SKIP_MIGRATE = env.boolean("SKIP_MIGRATE", False)
USE_DAPHNE = env.boolean("USE_DAPHNE", False)

# --- the channel layer ----------------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL")
WEBSOCKET_BROADCAST = env.boolean("WEBSOCKET_BROADCAST", False)
CHANNEL_LAYERS = channel_layers(REDIS_URL)
if WEBSOCKET_BROADCAST and not REDIS_URL and not USE_DAPHNE and WEB_CONCURRENCY > 1:
    raise ImproperlyConfigured(
        f"WEB_CONCURRENCY is {WEB_CONCURRENCY} and REDIS_URL is not set; with WEBSOCKET_BROADCAST=true several "
        "processes need Redis: set REDIS_URL, or WEB_CONCURRENCY=1."
    )

# --- the e-mail queue and the exchange of events of the communication API ---------------------------------------
globals().update(email_settings(env.text("EMAIL_URL"), outbox=VAR_DIR / "outbox"))
DEFAULT_FROM_EMAIL = mail_address("DEFAULT_FROM_EMAIL", env.text("DEFAULT_FROM_EMAIL", "gistagum@localhost"))
COMM_EMAIL_EVERY_SECONDS = env.integer("COMM_EMAIL_EVERY_SECONDS", 300, 1, 86_400)
COMM_EMAIL_RETRY_SECONDS = env.integer("COMM_EMAIL_RETRY_SECONDS", 60, 0, 86_400)
# The old service never sent anything, so in the compatibility form only those send who are started to do so.
COMM_EMAIL_EMBEDDED = env.boolean("COMM_EMAIL_EMBEDDED", COMM_ENABLED and not COMM_COMPAT and not REDIS_URL)
COMM_CELERY_REDIS_DB = env.integer("COMM_CELERY_REDIS_DB", 1, 0, 15)
if COMM_ENABLED:
    globals().update(
        celery_settings(
            REDIS_URL,
            COMM_CELERY_REDIS_DB,
            Path(env.text("COMM_CELERY_DIR", str(VAR_DIR / "celery"))),
            every_seconds=COMM_EMAIL_EVERY_SECONDS,
        )
    )
RABBITMQ_URL = broker_url("RABBITMQ_URL", env.text("RABBITMQ_URL"))

# --- the running version (realtime/rollout/presence.py reports it to operators) -------------------------------
CODE_VERSION = code_version(BASE_DIR)
SCRIPTS_VERSION = scripts_version(BASE_DIR)

# --- live updates ---------------------------------------------------------------------------------------------
SSE_ENABLED = env.boolean("SSE_ENABLED", True)
SSE_MAX_STREAMS = env.integer("SSE_MAX_STREAMS", 1000, 1, 20_000)
WEBSOCKET_MAX_SOCKETS = env.integer("WEBSOCKET_MAX_SOCKETS", 5000, 1, 50_000)
STREAMS_PER_PERSON = env.integer("STREAMS_PER_PERSON", 100, 1, 50_000)
OPENS_PER_ADDRESS = env.integer("OPENS_PER_ADDRESS", 2000, 10, 1_000_000)
WEBSOCKET_SUBPROTOCOL = "gistagum.v1"  # clients that offer it receive frames in JSON arrays
SSE_HEARTBEAT_SECONDS = env.integer("SSE_HEARTBEAT_SECONDS", 15, 1, 60)
EVENT_RETENTION_DAYS = env.integer("EVENT_RETENTION_DAYS", 7, 1, 3650)

# --- messages -------------------------------------------------------------------------------------------------
# The first key encrypts texts, all of them decrypt. Without one, a key is derived from SECRET_KEY.
MESSAGE_KEYS = [message_key(key) for key in env.names("MESSAGE_KEYS")]
# How many messages a person may send at once through the chat's API, and a second in the long run.
CHAT_BURST = env.integer("CHAT_BURST", 200, 1, 100_000)
CHAT_RATE = env.integer("CHAT_RATE", 10, 1, 10_000)
MESSAGE_EDIT_MINUTES = env.integer("MESSAGE_EDIT_MINUTES", 15, 0, 525_600)

# --- who gets WebSocket (switchover/transport/transport.py decides) -----------------------------------------------
USE_WEBSOCKETS = env.boolean("USE_WEBSOCKETS", False)
WEBSOCKET_SHADOW = env.boolean("WEBSOCKET_SHADOW", False)
WEBSOCKET_ROLLOUT_GROUPS = env.names("WEBSOCKET_ROLLOUT_GROUPS")
# With groups and no percentage, only members of the groups get WebSocket.
WEBSOCKET_ROLLOUT_PERCENT = env.integer("WEBSOCKET_ROLLOUT_PERCENT", 0 if WEBSOCKET_ROLLOUT_GROUPS else 100, 0, 100)
for name, wanted in (("USE_WEBSOCKETS", USE_WEBSOCKETS), ("WEBSOCKET_SHADOW", WEBSOCKET_SHADOW)):
    if wanted and not USE_DAPHNE:
        raise ImproperlyConfigured(
            f"{name} is true and USE_DAPHNE is false; only Daphne speaks WebSocket: set USE_DAPHNE=true."
        )
if WEBSOCKET_SHADOW and not SSE_ENABLED:
    raise ImproperlyConfigured("WEBSOCKET_SHADOW is true and SSE_ENABLED is false; in shadow SSE is what people see.")

# The switches of the moves: the value of each, and its source.
SWITCHES = {
    name: {"value": globals()[name], "source": env.source(name)}
    for name in (
        "USE_DAPHNE",
        "WEBSOCKET_BROADCAST",
        "USE_WEBSOCKETS",
        "WEBSOCKET_ROLLOUT_PERCENT",
        "WEBSOCKET_ROLLOUT_GROUPS",
        "WEBSOCKET_SHADOW",
        "SSE_ENABLED",
        *(["COMM_API", "COMM_API_PERCENT", "COMM_API_CALLERS", "COMM_API_SHADOW"] if COMM_ENABLED else []),
    )
}
# A Redis URL may contain a password, so only its presence is recorded.
SWITCHES["REDIS_URL"] = {"value": bool(REDIS_URL), "source": env.source("REDIS_URL")}

# --- limits of the automatic demotion from WebSocket (manage.py watch_rollout) ---------------------------------
ROLLOUT_MAX_FAILED_PERCENT = env.integer("ROLLOUT_MAX_FAILED_PERCENT", 5, 0, 100)
ROLLOUT_MAX_MISSING = env.integer("ROLLOUT_MAX_MISSING", 0, 0, 1_000_000)
ROLLOUT_MAX_P99_MS = env.integer("ROLLOUT_MAX_P99_MS", 3000, 1, 600_000)
ROLLOUT_STRIKES = env.integer("ROLLOUT_STRIKES", 3, 1, 100)
ROLLOUT_MIN_CONNECTIONS = env.integer("ROLLOUT_MIN_CONNECTIONS", 20, 1, 1_000_000)
ROLLOUT_MIN_EVENTS = env.integer("ROLLOUT_MIN_EVENTS", 50, 1, 1_000_000)

# --- logging --------------------------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
LOG_FORMAT = env.choice("LOG_FORMAT", "text", ["text", "json"])
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "{asctime}{levelname}{name}{message}",
            "style": "{",
        },
    },
    "filters": {
        "no_foreign_tracebacks": {"()": "gistagum.logs.NoForeignTracebacks"},
        "one_line": {"()": "gistagum.logs.OneLine"},
        "throttle": {"()": "gistagum.log_throttle.LogThrottle"},
        "redacted": {"()": "gistagum.secrets_in_logs.RedactMessage"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["no_foreign_tracebacks", "throttle", "one_line", "redacted"],
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # The code that needs a connection logs its failure once. These loggers would repeat it at every attempt.
    "loggers": {
        "psycopg.pool": {"level": "ERROR"},
        "channels_redis": {"level": "CRITICAL"},
    },
}
