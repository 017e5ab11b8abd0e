"""The addresses of the control room (for staff) and of the feedback form (for everybody)."""

from django.urls import path

from . import move_views, views

urlpatterns = [
    path("ops/realtime/", views.room, name="control_room"),
    path("ops/realtime/checklist/", views.safety_checklist, name="control_room_checklist"),
    path("ops/moves/", move_views.listed, name="moves"),
    path("ops/moves/<slug:name>/", move_views.page, name="move"),
    path("live/word/", views.feedback_form, name="feedback"),
]
