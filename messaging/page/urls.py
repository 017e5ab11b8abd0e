"""The addresses of the page of messages and of its endpoints."""

from django.urls import URLPattern, URLResolver, include, path

from . import choices, conversations, messages, people, views

one_conversation: list[URLPattern] = [
    path("", conversations.one, name="messages_api_conversation"),
    path("messages/", conversations.history, name="messages_api_history"),
    path("read/", conversations.read, name="messages_api_read"),
    path("typing/", conversations.announce_typing, name="messages_api_typing"),
    path("people/", conversations.people, name="messages_api_participants"),
    path("people/<str:person>/", conversations.person, name="messages_api_participant"),
    path("leave/", conversations.leave, name="messages_api_leave"),
]

api: list[URLPattern | URLResolver] = [
    path("conversations/", conversations.every, name="messages_api_conversations"),
    path("conversations/<int:conversation_id>/", include(one_conversation)),
    path("about/<str:key>/", conversations.about, name="messages_api_about"),
    path("messages/", messages.send, name="messages_api_send"),
    path("messages/<int:message_id>/", messages.one, name="messages_api_message"),
    path("messages/<int:message_id>/reactions/<str:emoji>/", messages.reaction, name="messages_api_reaction"),
    path("attachments/", messages.upload, name="messages_api_upload"),
    path("delivered/", messages.delivered, name="messages_api_delivered"),
    path("muted/", conversations.muted, name="messages_api_muted"),
    path("people/", people.search, name="messages_api_people"),
    path("people/<str:person>/", people.one, name="messages_api_person"),
    path("preferences/", choices.preferences, name="messages_api_preferences"),
    path("keys/", choices.keys, name="messages_api_keys"),
    path("presence/", people.presence, name="messages_api_presence"),
]

urlpatterns = [
    path("", views.page, name="messages_page"),
    path("<int:conversation_id>/", views.page, name="messages_conversation"),
    path("about/<str:key>/", views.about, name="messages_about"),
    path("api/", include(api)),
]
