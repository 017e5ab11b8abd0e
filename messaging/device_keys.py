"""End-to-end encryption: the public keys of people's devices, and messages that only devices can read.

A device makes a pair of keys and publishes the public one. Whoever writes encrypts the text for each device of both
people; the server carries it and cannot read it. So such a message has no preview and no HTML, and is found by no
search. Only direct conversations have them, and only where both people have published keys. What a client writes as the
text is its own affair; ``docs/messaging-api.md``, "End-to-end encryption", says what ours write.
"""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils import timezone

from . import checking, contacts
from .errors import Conflict, Invalid
from .models import Conversation, DeviceKey
from .serializing import moment, person_id

DEVICES = 20  # of one person; publishing one more is refused
DEVICE_ID_LENGTH = 64
PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})  # of a JSON Web Key (RFC 7518)


@transaction.atomic
def publish_key(person: Any, device_id: Any, public_key: Any) -> DeviceKey:
    """Publish the public key of a device, in place of the one that it had.

    Raises Invalid for what is no public key, and Conflict beyond ``DEVICES`` devices.
    """
    if not 0 < len(checking.storable(device_id, "device_id")) <= DEVICE_ID_LENGTH:
        raise Invalid(f"device_id is a text of 1 to {DEVICE_ID_LENGTH} characters.", field="device_id")
    key = checking.metadata(public_key, "public_key")
    if not isinstance(key.get("kty"), str) or PRIVATE_PARTS & key.keys():
        raise Invalid("public_key is a public JSON Web Key.", field="public_key")
    others = DeviceKey.objects.filter(person_id=person.pk).exclude(device_id=device_id)
    if others.count() >= DEVICES:
        raise Conflict(f"A person has {DEVICES} devices at most: remove one.", code="too_many_devices")
    made, _ = DeviceKey.objects.update_or_create(
        person=person, device_id=device_id, defaults={"public_key": key, "published_at": timezone.now()}
    )
    return made


def remove_key(person: Any, device_id: str) -> bool:
    """Forget the key of a device, which can read nothing new from then on. Return whether there was one."""
    gone, _ = DeviceKey.objects.filter(person_id=person.pk, device_id=device_id).delete()
    return bool(gone)


def keys_of(person: Any, people: Collection[Any]) -> list[DeviceKey]:
    """The keys of these people (given by id), as far as ``person`` may write to them."""
    reachable = contacts.rule().reachable(person).filter(pk__in=people).values("pk")
    return list(DeviceKey.objects.filter(person__in=reachable).order_by("person_id", "pk"))


def key_json(key: DeviceKey) -> dict[str, Any]:
    """A key as JSON."""
    return {
        "user_id": person_id(key.person_id),
        "device_id": key.device_id,
        "public_key": key.public_key,
        "published_at": moment(key.published_at),
    }


def require_keys(place: Conversation) -> None:
    """Raise Conflict where a conversation cannot have encrypted messages: not direct, or somebody has no key."""
    people = set(place.participants.values_list("person_id", flat=True)) if place.is_direct else set()
    holders = set(DeviceKey.objects.filter(person_id__in=people).values_list("person_id", flat=True))
    if not people or people - holders:
        raise Conflict("Both people of a direct conversation must have published keys.", code="no_keys")
