"""Lets the demo's people write to each other: some conversations from yesterday on, and then line after line."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

from django.db import transaction
from django.utils import timezone

from messaging import conversations, reactions, receipts, sending
from messaging.live.typing import typing
from messaging.models import Conversation, Message
from projeng.demo.people import HEAD
from projeng.models import Project

from ..wiring import key_of
from .dialogues import DIALOGUES, GROUP_TITLE, REACTIONS, Dialogue, Line

PAST_LINES = 3  # of each dialogue that are already written, where a conversation begins
BEGAN = timedelta(hours=20)  # ago
PACE = timedelta(minutes=7)  # between two lines of the past
REACTS = 0.25  # of all lines get a reaction


class Writing:
    """Writes as the demo's people (by user name). The same seed writes the same."""

    def __init__(self, people: Mapping[str, Any], rng: Random) -> None:
        self._people = people
        self._rng = rng
        self._turns = self._endless()

    @transaction.atomic
    def begin(self) -> int:
        """Make the conversations that are missing, with their first lines. Return how many messages that were."""
        made = 0
        for dialogue in DIALOGUES:
            if self._place(dialogue) is None:
                made += self._write_past(dialogue)
        return made

    def next_line(self, pause: Callable[[float], Any], seconds: float) -> str:
        """Somebody reads, types for ``seconds`` (``pause`` waits), and writes. Return who wrote what."""
        dialogue, line, answered = next(self._turns)
        place, person = self._place(dialogue), self._people[line.who]
        if place is None:  # its project is gone
            return f"{line.who} has nothing to say."
        receipts.mark_read(person, conversation=place)
        if seconds:
            typing(person, place)
            pause(seconds)
        message = self._send(dialogue, line, answered.get(line.answers))
        answered[dialogue.lines.index(line)] = message.pk
        if self._rng.random() < REACTS:
            reader = self._rng.choice([name for name in dialogue.people if name != line.who])
            reactions.react(self._people[reader], message.pk, self._rng.choice(REACTIONS))
        return f"{line.who}: {line.text}"

    def _endless(self) -> Iterator[tuple[Dialogue, Line, dict[int | None, int]]]:
        """The lines of all dialogues by turns, over and over. With each, the messages that lines before it became."""
        for _ in count():
            written: dict[Dialogue, dict[int | None, int]] = {dialogue: {} for dialogue in DIALOGUES}
            left = {dialogue: list(dialogue.lines) for dialogue in DIALOGUES}
            while open_ones := [dialogue for dialogue, lines in left.items() if lines]:
                dialogue = self._rng.choice(open_ones)
                yield dialogue, left[dialogue].pop(0), written[dialogue]

    def _write_past(self, dialogue: Dialogue) -> int:
        messages: dict[int | None, int] = {}
        began = timezone.now() - BEGAN + timedelta(minutes=self._rng.randint(0, 90))
        for number, line in enumerate(dialogue.lines[:PAST_LINES]):
            message = self._send(dialogue, line, messages.get(line.answers))
            messages[number] = message.pk
            at = began + number * PACE
            Message.objects.filter(pk=message.pk).update(sent_at=at)
            Conversation.objects.filter(pk=message.conversation_id).update(last_message_at=at)
        return len(messages)

    def _send(self, dialogue: Dialogue, line: Line, answers: int | None) -> Message:
        sender, place = self._people[line.who], self._place(dialogue) or self._made(dialogue)
        receiver = None
        if place is None:
            receiver = next(self._people[name] for name in dialogue.people if name != line.who)
        message, _ = sending.send(
            sender=sender, conversation=place, receiver=receiver, text=line.text, parent_id=answers
        )
        return message

    def _place(self, dialogue: Dialogue) -> Conversation | None:
        """The conversation of a dialogue, if there is one."""
        if dialogue.is_about_project:
            project = self._project()
            return Conversation.objects.filter(subject_key=key_of(project.pk)).first() if project else None
        if len(dialogue.people) == 2:
            return conversations.open_direct(*(self._people[name] for name in dialogue.people))
        # Titles are encrypted, so the database cannot compare them.
        groups = Conversation.objects.filter(kind=Conversation.Kind.GROUP, created_by=self._people[HEAD]).order_by("pk")
        return next((group for group in groups if group.title == GROUP_TITLE), None)

    def _made(self, dialogue: Dialogue) -> Conversation | None:
        """Make it; ``None`` for a direct one, which its first message makes."""
        if len(dialogue.people) == 2:
            return None
        creator, *others = (self._people[name] for name in dialogue.people)
        if dialogue.is_about_project:
            project = self._project()
            return conversations.of_subject(creator, key_of(project.pk)) if project else None
        return conversations.create(
            creator=creator,
            kind=Conversation.Kind.GROUP,
            participants=others,
            subject=GROUP_TITLE,
            settings={"shows_history": True},
        )

    def _project(self) -> Project | None:
        """The first project that all people of the dialogue about a project may see."""
        engineer = next(line.who for dialogue in DIALOGUES if dialogue.is_about_project for line in dialogue.lines)
        return Project.objects.filter(assigned_engineers=self._people[engineer]).order_by("pk").first()
