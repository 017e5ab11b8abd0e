"""What one lets others know, the keys of devices, and who is there."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from .. import device_keys, preferences
from ..errors import Invalid, NotFound
from ..live.presence import presence_of
from ..models import Preference
from ..serializing import moment, person_id
from ..turns import charge
from . import inputs
from .answers import ERRORS, KEY, KEYS, PREFERENCES, PRESENCE
from .view import ConversationsApi, query_of, values_of

PEOPLE_MAX = 100


class Preferences(ConversationsApi):
    """What one lets others know."""

    @extend_schema(operation_id="preferences_get", responses={200: PREFERENCES, **ERRORS})
    def get(self, request: Request) -> Response:
        """Show what one lets others know."""
        return Response(_shown(preferences.preference_of(request.user)))

    @extend_schema(
        operation_id="preferences_change", request=inputs.Preferences, responses={200: PREFERENCES, **ERRORS}
    )
    def patch(self, request: Request) -> Response:
        """Change it."""
        given = values_of(request, inputs.Preferences)
        chosen = preferences.choose(
            request.user, sends_read_receipts=given.get("read_receipts"), last_seen=given.get("last_seen")
        )
        return Response(_shown(chosen))


class DeviceKeys(ConversationsApi):
    """The public keys of devices, for end-to-end encryption."""

    @extend_schema(operation_id="device_keys_list", parameters=[inputs.PeopleAsked], responses={200: KEYS, **ERRORS})
    def get(self, request: Request) -> Response:
        """List the keys of people to whom one may write."""
        found = device_keys.keys_of(request.user, _ids(request))
        return Response({"keys": [device_keys.key_json(one) for one in found]})

    @extend_schema(operation_id="device_keys_publish", request=inputs.NewDeviceKey, responses={200: KEY, **ERRORS})
    def put(self, request: Request) -> Response:
        """Publish the key of one of one's own devices."""
        charge(request.user)
        given = values_of(request, inputs.NewDeviceKey)
        key = device_keys.publish_key(request.user, given["device_id"], given["public_key"])
        return Response(device_keys.key_json(key))

    @extend_schema(operation_id="device_keys_remove", parameters=[inputs.DeviceNamed], responses={204: None, **ERRORS})
    def delete(self, request: Request) -> Response:
        """Forget the key of one of one's own devices."""
        given = query_of(request, inputs.DeviceNamed)
        if not device_keys.remove_key(request.user, given["device_id"]):
            raise NotFound("There is no such device.")
        return Response(status=204)


class Presence(ConversationsApi):
    """Who is there."""

    @extend_schema(operation_id="presence_list", parameters=[inputs.PeopleAsked], responses={200: PRESENCE, **ERRORS})
    def get(self, request: Request) -> Response:
        """Tell of people whether they are online, and when they were last there, where they let others know."""
        ids = _ids(request)
        found = presence_of(request.user, ids)
        listed = [
            {"user_id": person_id(one), "online": found[one].is_online, "last_seen": moment(found[one].last_seen)}
            for one in ids
        ]
        return Response({"presence": listed})


def _ids(request: Request) -> list[Any]:
    """The ids of people whom a query names, each once."""
    asked = query_of(request, inputs.PeopleAsked)["user_ids"].split(",")
    if len(asked) > PEOPLE_MAX:
        raise Invalid(f"{PEOPLE_MAX} people at most.", field="user_ids")
    field = inputs.PersonIdField()
    try:
        return list(dict.fromkeys(field.run_validation(text.strip()) for text in asked))
    except ValidationError:
        raise Invalid("user_ids are ids of people, by comma.", field="user_ids") from None


def _shown(chosen: Preference) -> dict[str, Any]:
    return {"read_receipts": chosen.sends_read_receipts, "last_seen": chosen.last_seen}
