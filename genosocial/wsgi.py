"""The web process: ``granian --interface wsgi genosocial.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

from core.chunked import WithLength

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "genosocial.settings")
application = WithLength(get_wsgi_application())
