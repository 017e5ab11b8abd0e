"""Daphne as an application of this site, for its ``runserver``.

Daphne's own AppConfig imports the whole server, with Twisted and autobahn, into every process: each Gunicorn worker and
each management command would pay for it. A process that serves with Daphne imports the server first of all, as
``runserver`` does. Daphne's system check looks for that AppConfig, so a test looks at the order of the applications.
"""

from django.apps import AppConfig


class DaphneConfig(AppConfig):
    name = "daphne"
    verbose_name = "Daphne"
