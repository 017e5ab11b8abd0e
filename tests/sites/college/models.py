"""The college's people and colleges, as the chat's old clients know them."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class College(models.Model):
    """A college: the tenant of a person who belongs to it."""

    name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name


class UserType(models.TextChoices):
    """What a person is. All of them chat with the same rights."""

    SUPER_ADMIN = "super_admin"
    COLLEGE_ADMIN = "college_admin"
    CENTRAL_MANAGER = "central_manager"
    TEACHER = "teacher"
    STUDENT = "student"
    PARENT = "parent"
    STAFF = "staff"
    STORE_MANAGER = "store_manager"


class User(AbstractUser):
    """A person, whose id is a UUID. A global one belongs to all colleges, the others to ``college`` or to none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    middle_name = models.CharField(max_length=150, blank=True)
    user_type = models.CharField(max_length=20, choices=UserType.choices, default=UserType.STUDENT)
    college = models.ForeignKey(College, null=True, blank=True, on_delete=models.PROTECT, related_name="people")
    avatar = models.ImageField(upload_to="avatars/", null=True, blank=True)
    is_superadmin = models.BooleanField(default=False)

    REQUIRED_FIELDS: list[str] = []

    def __str__(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        """The parts of the name that are not blank, joined by spaces; the user name where all are."""
        parts = (self.first_name, self.middle_name, self.last_name)
        return " ".join(part.strip() for part in parts if part.strip()) or self.username

    @property
    def is_global(self) -> bool:
        """Whether the person belongs to all colleges."""
        return self.is_superadmin or self.is_superuser or self.user_type == UserType.CENTRAL_MANAGER
