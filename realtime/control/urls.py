"""The addresses of the delivery app: the control room for staff, and where everybody says whether pages are live."""

from django.urls import path

from . import views

urlpatterns = [
    path("ops/realtime/", views.room, name="control_room"),
    path("ops/realtime/checklist/", views.safety_checklist, name="control_room_checklist"),
    path("live/word/", views.feedback_form, name="feedback"),
]
