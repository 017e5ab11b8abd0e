"""Django's administration. DRF's page of tokens is taken away: it shows the keys, and whoever reads one can use it."""

from django.contrib import admin
from rest_framework.authtoken.models import TokenProxy

if admin.site.is_registered(TokenProxy):
    admin.site.unregister(TokenProxy)
