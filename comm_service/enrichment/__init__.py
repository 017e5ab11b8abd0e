"""What other services know of the users, students and offers that rows name."""

from .fields import Key, keys_of
from .looking_up import LookUps, look_up

__all__ = ["Key", "LookUps", "keys_of", "look_up"]
