"""The tables of presence: which processes have connections, whose, and when a person was last there."""

from django.conf import settings
from django.db import models


class PresenceProcess(models.Model):
    """A server process with connections. It is dead once the database's clock is past ``alive_until``."""

    key = models.CharField(max_length=32, primary_key=True)
    alive_until = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "communication"

    def __str__(self) -> str:
        return f"process {self.key}"


class PresentPerson(models.Model):
    """A person with at least one connection to a process."""

    process = models.ForeignKey(PresenceProcess, models.CASCADE, related_name="people", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        app_label = "communication"
        constraints = [models.UniqueConstraint(fields=["process", "person"], name="communication_present_once")]

    def __str__(self) -> str:
        return f"{self.person_id} at {self.process_id}"


class LastSeen(models.Model):
    """What was last said of a person: online or not, and when they were last there.

    Whoever changes it holds the lock of the row until the commit, so that what is said follows what is true.
    """

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    is_online = models.BooleanField(default=False)
    at = models.DateTimeField(null=True)

    class Meta:
        app_label = "communication"

    def __str__(self) -> str:
        return f"{self.person_id} {'online' if self.is_online else 'offline'}"
