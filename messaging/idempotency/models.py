"""The table of requests that were sent with an ``Idempotency-Key``."""

from django.conf import settings
from django.db import models

from ..encryption import EncryptedTextField


class KeyedRequest(models.Model):
    """A request of a person with a key (``messaging/idempotency/keys.py``), and its answer once there is one.

    ``key`` and ``request`` are digests. Whoever carries the request out holds ``claim``. ``status`` is ``None`` until
    it is answered.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=64)
    request = models.CharField(max_length=64)
    claim = models.CharField(max_length=32)
    begun_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    body = EncryptedTextField(blank=True, default="", help_text="The JSON of the answer.")

    class Meta:
        app_label = "communication"
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="communication_keyed_once")]
        indexes = [models.Index(fields=["begun_at"], name="communication_keyed_begun")]

    def __str__(self) -> str:
        return f"keyed request {self.pk}"
