"""Daphne as an application of this site, for its ``runserver``.

Its own AppConfig imports the whole server, with Twisted and autobahn, into every process: Gunicorn's workers and each
management command would pay for it. Whoever serves by Daphne imports that first of all, as ``runserver`` does.
"""

from django.apps import AppConfig


class DaphneConfig(AppConfig):
    name = "daphne"
    verbose_name = "Daphne"
