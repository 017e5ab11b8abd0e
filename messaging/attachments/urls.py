"""The addresses of attachments, below ``/api/v1/``. Each is served with and without a slash at its end."""

from django.urls import path

from . import views

_SERVED = {
    "attachments": (views.Uploads, "attachments"),
    "attachments/<int:attachment_id>": (views.OneAttachment, "attachment"),
    "attachments/<int:attachment_id>/download": (views.Download, "attachment_download"),
    "attachments/<int:attachment_id>/thumbnail": (views.Thumbnail, "attachment_thumbnail"),
}
# Those without a slash come last, so reverse() returns them. The others are not described a second time.
urlpatterns = [
    *(path(f"{route}/", view.as_view(schema=None), name=name) for route, (view, name) in _SERVED.items()),
    *(path(route, view.as_view(), name=name) for route, (view, name) in _SERVED.items()),
]
