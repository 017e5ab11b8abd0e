"""The addresses of the old side, below ``/comm/api/``."""

from django.urls import URLPattern, URLResolver, re_path
from rest_framework.routers import SimpleRouter
from rest_framework.urlpatterns import format_suffix_patterns

from .views import DocumentViewSet, EmailQueueViewSet, MessageViewSet, NotificationViewSet, RootView

_router = SimpleRouter()
for _view in (MessageViewSet, NotificationViewSet, DocumentViewSet, EmailQueueViewSet):
    _router.register(_view.resource.path, _view, basename=f"comm_{_view.resource.path}")

urlpatterns: list[URLPattern | URLResolver] = format_suffix_patterns(
    [re_path(r"^$", RootView.as_view(), name="comm_root"), *_router.urls]
)
