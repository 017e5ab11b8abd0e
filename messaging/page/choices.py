"""What a person decides for themselves: what others learn of them, and which of their devices read encrypted texts."""

from django.http import HttpRequest

from .. import checking, device_keys
from .. import preferences as services
from ..errors import Invalid, NotFound
from ..models import Preference
from ..people import person_key
from ..turns import charge
from .endpoint import Answer, body_of, chosen, endpoint

ASKED_AT_ONCE = 100  # people whose keys are asked for


def _preferences(request: HttpRequest) -> Answer:
    return _shown(services.preference_of(request.user))


def _choose(request: HttpRequest) -> Answer:
    body = body_of(request)
    made = services.choose(
        request.user, sends_read_receipts=chosen(body, "read_receipts"), last_seen=body.get("last_seen")
    )
    return _shown(made)


def _shown(preference: Preference) -> Answer:
    return {"read_receipts": preference.sends_read_receipts, "last_seen": preference.last_seen}


def _keys(request: HttpRequest) -> Answer:
    """The keys of the devices of people (``people``, ids by comma) to whom one may write."""
    asked = {person_key(text) for text in request.GET.get("people", "").split(",")[:ASKED_AT_ONCE]}
    found = device_keys.keys_of(request.user, asked - {None})
    return {"keys": [device_keys.key_json(one) for one in found]}


def _publish(request: HttpRequest) -> Answer:
    """Publish the key of a device of one's own."""
    charge(request.user)
    body = body_of(request)
    return device_keys.key_json(device_keys.publish_key(request.user, body.get("device_id"), body.get("public_key")))


def _remove(request: HttpRequest) -> Answer:
    """Forget the key of a device of one's own."""
    device_id = checking.storable(request.GET.get("device_id", ""), "device_id")
    if not device_id:
        raise Invalid("Name the device.", field="device_id")
    if not device_keys.remove_key(request.user, device_id):
        raise NotFound("There is no such device.")
    return {}


preferences = endpoint(get=_preferences, patch=_choose)
keys = endpoint(get=_keys, put=_publish, delete=_remove)
