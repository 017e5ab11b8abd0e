"""The addresses of attachments, below ``/api/v1/``. Each is served with and without a slash at its end."""

from django.urls import re_path

from . import views

_ONE = r"^attachments/(?P<attachment_id>[0-9]{1,19})"
urlpatterns = [
    re_path(r"^attachments/?$", views.Uploads.as_view(), name="attachments"),
    re_path(_ONE + r"/?$", views.OneAttachment.as_view(), name="attachment"),
    re_path(_ONE + r"/download/?$", views.Download.as_view(), name="attachment_download"),
    re_path(_ONE + r"/thumbnail/?$", views.Thumbnail.as_view(), name="attachment_thumbnail"),
]
