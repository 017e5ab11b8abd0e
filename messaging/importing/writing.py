"""Writes old messages into conversations. Ids stay, numbers are given anew, unread counts follow from the receipts."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from .. import membership
from ..models import Conversation, Message, MessageEdit, Participant, Receipt
from .files import Files
from .old_rows import CONVERSATIONS, MESSAGES, TYPING, BadRow, OldMessage, conversation_of, message_of
from .outcome import Outcome
from .places import People, Place, Places
from .source import Source


class Importer:
    """One import. ``run`` is all one transaction: everything that is not refused is imported, or nothing."""

    def __init__(self, source: Source, files: Files, *, dry_run: bool) -> None:
        self._source = source
        self._files = files
        self._dry_run = dry_run
        self.outcome = Outcome()
        self._people = People()
        self._places = Places(self._people, self.outcome)
        self._unread: Counter[tuple[str, Any]] = Counter()
        self._read: dict[tuple[int, Any], tuple[int, Any]] = {}
        self._with_messages: set[str] = set()

    def run(self, on_progress: Callable[[int], None] = lambda messages: None) -> Outcome:
        """Import everything. ``on_progress`` is called with the number of messages that were looked at."""
        seen = 0
        with transaction.atomic():
            for batch in self._source.rows(CONVERSATIONS):
                for row in batch:
                    self._take_conversation(row)
            for batch in self._source.rows(MESSAGES):
                self._take_messages(batch)
                seen += len(batch)
                on_progress(seen)
            self._finish()
            if self._dry_run:
                transaction.set_rollback(True)
        return self.outcome

    def _take_conversation(self, row: Mapping[str, Any]) -> None:
        try:
            self._places.add(conversation_of(row))
        except (BadRow, ValueError) as fault:
            self.outcome.refuse(CONVERSATIONS, int(row["id"]), str(fault))

    def _take_messages(self, batch: list[Mapping[str, Any]]) -> None:
        ids = [row["id"] for row in batch]
        present = Message.objects.select_related("conversation").defer("text").in_bulk(ids)
        rows: list[tuple[Message, OldMessage]] = []
        brought: list[tuple[Message, OldMessage]] = []
        for row in batch:
            try:
                old = message_of(row)
                found = self._taken(old, present.get(old.id))
            except (BadRow, ValueError) as fault:
                self.outcome.refuse(MESSAGES, int(row["id"]), str(fault))
                continue
            if found.pk in present:
                self.outcome.present += 1
            else:
                rows.append((found, old))
            brought.append((found, old))
        self._write(rows)
        for message, old in brought:
            self._bring_file(message, old)

    def _taken(self, old: OldMessage, present: Message | None) -> Message:
        """The message as it is, or as it is to be written. Raises BadRow for one that cannot be imported."""
        sender, receiver = self._person(old.sender), self._person(old.receiver)
        key = membership.direct_key(sender, receiver)
        if present is not None:
            if present.conversation.direct_key != key or present.sender_id != sender:
                raise BadRow("its id is another message's here")
        elif not old.text.strip() and not old.attachment:
            raise BadRow("it has neither a text nor an attachment")
        message = present or self._new(old, key, sender, receiver)
        self._with_messages.add(key)
        if sender != receiver and old.read_at is None and old.deleted_at is None:
            self._unread[key, receiver] += 1
        return message

    def _new(self, old: OldMessage, key: str, sender: Any, receiver: Any) -> Message:
        place = self._places.of(sender, receiver, old.sent_at)
        if old.id < place.newest_id:
            raise BadRow("newer messages of its conversation are here already")
        if old.conversation_id is None:
            self.outcome.without_conversation += 1
        elif not self._places.belongs(old.conversation_id, key):
            self.outcome.moved += 1
        return self._numbered(old, place, sender, receiver)

    def _person(self, old_id: Any) -> Any:
        found = self._people.find(old_id)
        if found is None:
            raise BadRow(f"there is no account {old_id}")
        return found

    def _numbered(self, old: OldMessage, place: Place, sender: Any, receiver: Any) -> Message:
        place.last_seq += 1
        place.newest_id = old.id
        if old.read_at is not None:
            self._read[place.id, receiver] = (place.last_seq, old.read_at)
        return Message(
            pk=old.id,
            conversation_id=place.id,
            seq=place.last_seq,
            sender_id=sender,
            text="" if old.deleted_at else old.text,
            sent_at=old.sent_at,
            deleted_at=old.deleted_at,
        )

    def _write(self, rows: list[tuple[Message, OldMessage]]) -> None:
        Message.objects.bulk_create([message for message, _ in rows])
        Receipt.objects.bulk_create(
            Receipt(
                message=message,
                person_id=self._people.find(old.receiver),
                delivered_at=old.delivered_at,
                read_at=old.read_at,
            )
            for message, old in rows
            if message.sender_id != self._people.find(old.receiver)
        )
        MessageEdit.objects.bulk_create(
            MessageEdit(message=message, text=old.text, edited_at=old.deleted_at)
            for message, old in rows
            if old.deleted_at is not None and old.text
        )
        self.outcome.messages += len(rows)

    def _bring_file(self, message: Message, old: OldMessage) -> None:
        if not old.attachment or old.deleted_at is not None:
            return
        if reason := self._files.bring(message, old, dry_run=self._dry_run):
            self.outcome.refuse(MESSAGES, old.id, reason)
        else:
            self.outcome.attachments += 1

    def _finish(self) -> None:
        self._point_conversations()
        for (place, person), (seq, read_at) in self._read.items():
            own = Participant.objects.filter(conversation_id=place, person_id=person, last_read_seq__lt=seq)
            own.update(last_read_seq=seq, last_read_at=read_at)
        for key, old in self._places.old_ones().items():
            self.outcome.empty += key not in self._with_messages
            people = [self._people.find(one) for one in old.people]
            truth = [self._unread[key, one] for one in people]
            wrong = sum(one != other for one, other in zip(truth, old.counters, strict=True))
            self.outcome.counters += wrong
        self.outcome.typing = self._source.count(TYPING)
        if connection.vendor == "postgresql" and not self._dry_run:  # SQLite goes on behind the largest id by itself
            with connection.cursor() as cursor:
                for statement in connection.ops.sequence_reset_sql(no_style(), [Conversation, Message]):
                    cursor.execute(statement)

    def _point_conversations(self) -> None:
        """Let each conversation know its newest number, and the newest message that lists show."""
        used = self._places.used()
        shown = Message.objects.filter(conversation=OuterRef("pk"), deleted_at=None).order_by("-seq")
        numbers = Message.objects.filter(conversation=OuterRef("pk")).order_by("-seq").values("seq")[:1]
        for begin in range(0, len(used), 500):
            Conversation.objects.filter(pk__in=used[begin : begin + 500]).update(
                last_seq=Subquery(numbers),
                last_message_id=Subquery(shown.values("pk")[:1]),
                last_message_at=Subquery(shown.values("sent_at")[:1]),
            )
