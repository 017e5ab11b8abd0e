"""The same attachment in two messages at the same moment, on PostgreSQL."""

import pytest

from messaging import sending
from messaging.attachments.models import Attachment
from messaging.errors import Invalid
from messaging.models import Message
from tests.messaging.test_at_once import at_once


@pytest.fixture
def _on_postgres(new_database, on_database) -> None:
    on_database(new_database("postgres"))


@pytest.mark.usefixtures("_on_postgres")
def test_of_many_messages_with_the_same_attachment_at_once_one_has_it(ana, ben):
    attachment = Attachment.objects.create(owner=ana, name="a.txt", size=1)

    def send() -> bool:
        try:
            sending.send(sender=ana, receiver=ben, attachments=[attachment.pk])
        except Invalid:
            return False
        return True

    assert sum(at_once(*[send] * 8)) == 1
    [message] = Message.objects.all()
    assert list(message.attachments.all()) == [attachment]
