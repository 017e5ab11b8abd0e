"""The frames of ``/ws``, made from the events of messaging: those of the contract, with the cursor as ``id``."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from realtime.log.replay import Frame
from realtime.transports.adapters import Adapter, NamedFrame

from ..events import (
    ConversationChanged,
    MessageCreated,
    MessageDeleted,
    MessageDelivered,
    MessageEdited,
    MessageRead,
    ParticipantsChanged,
    ReactionChanged,
)
from .shapes import message_shape


class ConversationFrames(Adapter):
    """What a program is told of its conversations."""

    def event(self, frame: Frame, scope: Hashable) -> Iterable[NamedFrame]:
        made = _MAKERS.get(frame.type)
        if made is None:
            return []
        name, fields = made(frame.fields)
        return [NamedFrame(name, {"id": frame.id, **fields})]

    def state(self, frame: dict[str, Any]) -> Iterable[NamedFrame]:
        match frame["type"]:
            case "messages_unread":
                return [NamedFrame("badge", {"unread_count": frame["unread"]})]
            case "typing":
                who = {"conversation_id": frame["conversation_id"], "user_id": frame["person_id"]}
                return [NamedFrame("typing", {**who, "is_typing": frame["is_typing"]})]
            case "presence":
                there = {"user_id": frame["person_id"], "online": frame["is_online"]}
                return [NamedFrame("presence", {**there, "last_seen": frame["last_seen"]})]
            case "reset":  # something may have been missed: the client loads its conversations again
                return [NamedFrame("reset", {"recovered": False})]
            case _:
                return []


Fields = dict[str, Any]
Made = tuple[str, Fields]


def _message(name: str) -> Callable[[Fields], Made]:
    def made(fields: Fields) -> Made:
        shape = message_shape(fields["message"])
        return name, {"conversation_id": fields["conversation_id"], "message": shape}

    return made


def _deleted(fields: Fields) -> Made:
    said = {"conversation_id": fields["conversation_id"], "message_id": fields["message_id"]}
    return "message_deleted", {**said, "by": fields["deleted_by"]}


def _delivered(fields: Fields) -> Made:
    who = {"conversation_id": fields["conversation_id"], "user_id": fields["person_id"]}
    return "receipt", {**who, "delivered_up_to": max(fields["message_ids"]), "read_up_to": None}


def _read(fields: Fields) -> Made:
    who = {"conversation_id": fields["conversation_id"], "user_id": fields["person_id"]}
    return "receipt", {**who, "delivered_up_to": fields["up_to_id"], "read_up_to": fields["up_to_id"]}


def _reaction(fields: Fields) -> Made:
    what = {name: fields[name] for name in ("conversation_id", "message_id", "emoji", "added", "counts")}
    return "reaction", {**what, "user_id": fields["person_id"]}


def _conversation(fields: Fields) -> Made:
    return "conversation", {"conversation_id": fields["conversation_id"], "what": fields["what"]}


def _participants(fields: Fields) -> Made:
    people = {name: [_person(one) for one in fields[name]] for name in ("added", "changed")}
    who = {"conversation_id": fields["conversation_id"], "by": fields["actor_id"]}
    return "participants", {**who, **people, "removed": fields["removed"]}


def _person(one: Fields) -> Fields:
    return {"user_id": one["person_id"], "name": one["person_name"], "role": one["role"]}


_MAKERS: dict[str, Callable[[Fields], Made]] = {
    MessageCreated.type: _message("message"),
    MessageEdited.type: _message("message_edited"),
    MessageDeleted.type: _deleted,
    MessageDelivered.type: _delivered,
    MessageRead.type: _read,
    ReactionChanged.type: _reaction,
    ConversationChanged.type: _conversation,
    ParticipantsChanged.type: _participants,
}
