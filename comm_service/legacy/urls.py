"""The addresses of the old side, below ``/comm/api/``."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
