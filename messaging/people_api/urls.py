"""The addresses for signing in with a token and for finding people, below ``/api/v1/``."""

from django.urls import path

from .people import PeopleSearch
from .sign_in import SignIn, SignOut

urlpatterns = [
    path("auth/login/", SignIn.as_view(), name="api_login"),
    path("auth/logout/", SignOut.as_view(), name="api_logout"),
    path("accounts/users/", PeopleSearch.as_view(), name="api_people"),
]
