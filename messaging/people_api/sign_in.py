"""Signing in and out with a token. The password is checked within the site's rate limits (``SIGN_IN_LIMITS``)."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.authtoken.models import Token
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import contacts
from .profiles import full_name, profile

WRONG = "Unable to log in with provided credentials."
PASSWORD_LENGTH = 4096  # as Django's own forms: a longer one would only cost time


class Credentials(serializers.Serializer):
    """What a client sends to sign in."""

    username = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=PASSWORD_LENGTH, trim_whitespace=False, write_only=True)


class SignedIn(serializers.Serializer):
    """What it gets: the key for the ``Authorization`` header, and whom it belongs to."""

    key = serializers.CharField()
    message = serializers.CharField()
    user = serializers.DictField()
    college_id = serializers.IntegerField(allow_null=True)
    tenant_ids = serializers.ListField(child=serializers.IntegerField())
    accessible_colleges = serializers.ListField(child=serializers.DictField())
    user_roles = serializers.ListField(child=serializers.CharField())
    user_permissions = serializers.ListField(child=serializers.CharField())
    user_profile = serializers.DictField()


class Detail(serializers.Serializer):
    """An answer of one sentence."""

    detail = serializers.CharField()


class SignIn(APIView):
    """Sign in with a user name and a password, and get a token."""

    authentication_classes = ()  # an old token in the header must not keep anybody from signing in
    permission_classes = (AllowAny,)

    @extend_schema(request=Credentials, responses={200: SignedIn, 400: Detail, 429: Detail}, tags=["people"])
    def post(self, request: Request) -> Response:
        """Return the person's token, which is made at the first time and stays the same until they sign out."""
        given = Credentials(data=request.data)
        given.is_valid(raise_exception=True)
        person = self._checked(request, **given.validated_data)
        token, _ = Token.objects.get_or_create(user=person)
        user_logged_in.send(sender=type(person), request=request._request, user=person)
        return Response(_signed_in(person, token.key))

    def _checked(self, request: Request, username: str, password: str) -> Any:
        """Return whose password it is. Raise an APIException with 400 for a wrong one, or 429 at a limit."""
        limits = import_module(settings.SIGN_IN_LIMITS)
        try:
            with limits.attempt(request._request, username):
                person = authenticate(request._request, username=username, password=password)
                if person is None:
                    raise ValidationError(WRONG)
        except ValidationError:
            raise exceptions.ValidationError({"non_field_errors": [WRONG]}) from None
        except limits.Refused as refused:
            raise TooManyTries(refused.seconds, str(refused)) from None
        return person


class TooManyTries(exceptions.APIException):
    """429; ``wait`` is the number of seconds for ``Retry-After``."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "throttled"

    def __init__(self, wait: int, reason: str) -> None:
        super().__init__(f"{reason} Please wait {wait} seconds, then try again.")
        self.wait = wait


class SignOut(APIView):
    """Sign out: the token is deleted, and with it every stream that it has opened."""

    @extend_schema(request=None, responses={200: Detail, 401: Detail}, tags=["people"])
    def post(self, request: Request) -> Response:
        """Delete the person's token, and end the session where one was used."""
        Token.objects.filter(user=request.user).delete()
        logout(request._request)
        return Response({"detail": "Successfully logged out."})


def _signed_in(person: Any, key: str) -> dict[str, Any]:
    known = profile()
    tenants = known.tenants(person)
    fields = known.fields(person)
    return {
        "key": key,
        "message": f"Welcome, {full_name(person)}.",
        "user": fields,
        "college_id": contacts.rule().tenant_of(person),
        "tenant_ids": [tenant["id"] for tenant in tenants],
        "accessible_colleges": tenants,
        "user_roles": known.roles(person),
        "user_permissions": sorted(person.get_all_permissions()),
        "user_profile": {key: fields[key] for key in ("first_name", "last_name", "full_name", "avatar")},
    }
