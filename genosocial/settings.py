"""Django's settings: wiring only. What may differ between servers comes from genosocial/env.py."""

from pathlib import Path
from typing import Any

from core import logs
from genosocial import env

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = env.load()

VERSION = "0.1.0"
# Apps read the leading number to learn what they may call (product/client checks).
API_VERSION = f"4.6.0 (compatible; genosocial {VERSION})"

DEVELOPMENT = ENVIRONMENT.development
DEBUG = False
SECRET_KEY = ENVIRONMENT.secret_key

LOCAL_DOMAIN = ENVIRONMENT.local_domain
WEB_DOMAIN = ENVIRONMENT.web_domain
ALTERNATE_DOMAINS = ENVIRONMENT.alternate_domains
WEB_SCHEME = ENVIRONMENT.web_scheme
BASE_URL = ENVIRONMENT.base_url
STREAMING_URL = ENVIRONMENT.streaming_url
FEDERATION_PRIVATE_HOSTS = ENVIRONMENT.private_hosts
AUTHORIZED_FETCH = ENVIRONMENT.authorized_fetch
INSTANCE_NAME = ENVIRONMENT.instance_name
CONTACT_EMAIL = ENVIRONMENT.contact_email
DATA_DIR = ENVIRONMENT.data_dir
REDIS_URL = ENVIRONMENT.redis_url

MAX_STATUS_CHARACTERS = 2000
MAX_MEDIA_ATTACHMENTS = 4

# The reverse proxy is the only one who reaches a server outside development, and it sets X-Forwarded-For.
BEHIND_PROXY = not DEVELOPMENT
MEDIA_DOMAIN = ENVIRONMENT.media_base_url.partition("://")[2]
ALLOWED_HOSTS = sorted(
    {host.partition(":")[0] for host in (WEB_DOMAIN, LOCAL_DOMAIN, MEDIA_DOMAIN, *ALTERNATE_DOMAINS)}
)
if DEVELOPMENT:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
USE_X_FORWARDED_HOST = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "rest_framework",
    "genosocial",
    "core",
    "federation",
    "media",
    "accounts",
    "invites",
    "timelines",
    "moderation",
]

MIDDLEWARE = [
    "core.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "core.middleware.TrailingSlashMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "core.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.pages.language.PersonsLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "core.middleware.ContentSecurityPolicyMiddleware",
    "core.middleware.AppErrorMiddleware",
]

ROOT_URLCONF = "genosocial.urls"
WSGI_APPLICATION = "genosocial.wsgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.pages.instance",
            ]
        },
    }
]

DATABASES: dict[str, Any] = {
    "default": {
        **ENVIRONMENT.database,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # Safe behind a pooler in transaction mode that knows prepared statements (PgBouncer 1.21 and later).
        "DISABLE_SERVER_SIDE_CURSORS": True,
        # For core/prepared.py alone: Django's own cursors never prepare.
        "OPTIONS": {**ENVIRONMENT.database.get("OPTIONS", {}), "prepare_threshold": 5},
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
    }
}

# Who signs in.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["accounts.passwords.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 8},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = WEB_SCHEME == "https"
SESSION_COOKIE_NAME = f"session_{WEB_DOMAIN.rpartition(':')[2]}" if DEVELOPMENT else "session"
CSRF_COOKIE_NAME = f"csrf_{WEB_DOMAIN.rpartition(':')[2]}" if DEVELOPMENT else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_FAILURE_VIEW = "core.pages.csrf_refused"
# Apps open the consent page in a popup and wait for it; the default would cut the tie (client checks).
SECURE_CROSS_ORIGIN_OPENER_POLICY = None
SECURE_HSTS_SECONDS = 0 if DEVELOPMENT else 31_536_000

# The API.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.oauth.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["core.api.rendering.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.api.rendering.AlwaysJSON",
    "EXCEPTION_HANDLER": "core.api.errors.handle_exception",
    "UNAUTHENTICATED_USER": None,
}
CORS_ALLOW_ALL_ORIGINS = True
CORS_URLS_REGEX = r"^/(api/|oauth/(token|revoke|userinfo)$|\.well-known/|nodeinfo/|users/[^/]+$|@[^/]+$)"
CORS_ALLOW_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# The wildcard never covers Authorization (Fetch standard), and some browsers take it literally.
CORS_ALLOW_HEADERS = (
    "*",
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "mastodon-async-refresh-id",
    "x-requested-with",
)
CORS_EXPOSE_HEADERS = (
    "Link",
    "Mastodon-Async-Refresh",
    "X-RateLimit-Reset",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-Request-Id",
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# On the disk of the data: what the system takes for temporary may lie in memory.
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "uploads"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)

# Jobs.
CELERY_BROKER_URL = REDIS_URL
EVENT_ROUTES = "genosocial.event_routes.ROUTES"
INBOX_ROUTES = "genosocial.inbox_routes.ROUTES"
INBOX_GATE = "accounts.inbox.check_sender"

# Languages: German first.
LANGUAGE_CODE = "de"
LANGUAGES = [("de", "Deutsch"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "genosocial" / "locale"]
LANGUAGE_COOKIE_NAME = "language"
USE_TZ = True
TIME_ZONE = "Europe/Berlin"

# Files.
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
MEDIA_ROOT = DATA_DIR / "media"
# With an object store, whose domain is that of the media then, it gives the addresses itself.
MEDIA_BASE_URL = ENVIRONMENT.media_base_url
MEDIA_URL = f"{MEDIA_BASE_URL}/media_files/"
MEDIA_CACHE_BYTES = ENVIRONMENT.media_cache_bytes
MEDIA_FETCH = ENVIRONMENT.media_fetch
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    if ENVIRONMENT.s3 is None
    else {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": ENVIRONMENT.s3},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Mail: a development server without EMAIL_URL keeps mails as files, readable at /development/mails.
MAILS_DIR = DATA_DIR / "mails"
if ENVIRONMENT.email is None:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = MAILS_DIR
else:
    globals().update(ENVIRONMENT.email)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.mail_from

LOGGING_CONFIG = None
logs.configure(json=not DEVELOPMENT)
