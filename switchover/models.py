"""The models of all packages of switchover, where Django looks for them. Nothing else imports this module."""

from .demotions.models import Demotion
from .evidence.models import AnswerCount, WatchState
from .shadow.models import Difference

__all__ = ["AnswerCount", "Demotion", "Difference", "WatchState"]
