"""The college's contact rule: people write within their own college, and global people to everybody."""

from typing import Any

from django.db.models import Q, QuerySet

from messaging.contacts import ContactRule

from .models import User, UserType

GLOBAL = Q(is_superadmin=True) | Q(is_superuser=True) | Q(user_type=UserType.CENTRAL_MANAGER)


class CollegeContacts(ContactRule):
    """Tenants are the colleges, by their integer ids. A person without a college reaches global people alone."""

    def reachable(self, person: User) -> QuerySet[Any]:
        active = super().reachable(person)
        return active if person.is_global else active.filter(within_college(person) | GLOBAL)

    def may_write(self, sender: User, receiver: User) -> bool:
        if not super().may_write(sender, receiver):
            return False
        if sender.pk == receiver.pk or sender.is_global or receiver.is_global:
            return True
        return sender.college_id is not None and sender.college_id == receiver.college_id

    def tenant_of(self, person: User) -> int | None:
        return person.college_id

    def is_global(self, person: User) -> bool:
        return person.is_global

    def may_support(self, person: User) -> bool:
        return person.is_global or person.user_type == UserType.COLLEGE_ADMIN


def listed(person: User) -> QuerySet[Any]:
    """The active people whom a person finds by searching: those of their own college, and for global people all."""
    active = User.objects.filter(is_active=True)
    return active if person.is_global else active.filter(within_college(person))


def within_college(person: User) -> Q:
    """Whoever is in the college of ``person``, who is alone without one."""
    return Q(college=person.college_id) if person.college_id else Q(pk=person.pk)
