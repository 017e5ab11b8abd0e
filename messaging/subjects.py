"""Conversations about something of an application, which messaging does not know (a project, say).

An application registers a prefix. Each key with this prefix (``project:12``) may have one conversation. Who may see it
is the application's decision at every moment. So are the audience keys of its events, which are those that the
application grants anyway.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from .errors import NotFound


@dataclass(frozen=True, slots=True)
class Subject:
    """What an application says about its conversations. Keys are whole, with the prefix.

    ``visible(person, keys)`` returns those of the keys that the person may see, ``audience(key)`` the audience keys of
    its events, ``title(key)`` what the conversation is called, ``address(key)`` where what it is about is shown, if
    anywhere. ``may_write(person, key)`` is asked only of whoever may see it. ``visible`` uses a fixed number of
    queries.
    """

    prefix: str
    visible: Callable[[Any, Collection[str]], Iterable[str]]
    audience: Callable[[str], Iterable[str]]
    title: Callable[[str], str]
    may_write: Callable[[Any, str], bool] = lambda person, key: True
    address: Callable[[str], str | None] = lambda key: None


_subjects: dict[str, Subject] = {}


def register_subject(subject: Subject) -> None:
    """Let the keys that begin with ``subject.prefix`` and a colon have conversations."""
    _subjects[subject.prefix] = subject


def unregister_subject(prefix: str) -> None:
    """Forget a prefix: its conversations are hidden from everybody."""
    _subjects.pop(prefix, None)


def subject_of(key: str) -> Subject:
    """The subject to which a key belongs. Raises NotFound where none is registered."""
    prefix, colon, name = key.partition(":")
    if not (colon and name and prefix in _subjects):
        raise NotFound("There is no such conversation.")
    return _subjects[prefix]


def visible_keys(person: Any, keys: Collection[str]) -> set[str]:
    """Those of these keys whose conversation the person may see. Each subject that occurs is asked once."""
    by_prefix: dict[str, list[str]] = {}
    for key in keys:
        by_prefix.setdefault(key.partition(":")[0], []).append(key)
    seen: set[str] = set()
    for prefix, group in by_prefix.items():
        if prefix in _subjects:
            seen |= set(_subjects[prefix].visible(person, group)) & set(group)
    return seen
