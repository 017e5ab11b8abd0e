"""Forms that ask back before they save what is possible but unlikely: "Completed at 5%: sure?" with a box to tick."""

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms


class Question(NamedTuple):
    """A question about a valid form. ``field`` is the name of the field where it is displayed."""

    field: str
    text: str

    @property
    def key(self) -> str:
        """The value of the box. It depends on the text: another value is another question."""
        return hashlib.sha256(f"{self.field}\0{self.text}".encode()).hexdigest()[:16]


class AsksBack(forms.Form):
    """Mixin of forms whose ``questions`` have to be confirmed. Without confirmation the form is invalid, once.

    The page shows a box for each question in ``asked``. ``sure`` holds the boxes that were ticked before.
    """

    def questions(self) -> Iterable[Question]:
        """Return the questions about ``cleaned_data``, which is valid; of a ModelForm, about ``instance``, too."""
        raise NotImplementedError

    @property
    def sure(self) -> list[str]:
        """The keys of the confirmed questions."""
        given: Any = self.data.getlist if hasattr(self.data, "getlist") else lambda name: self.data.get(name, [])
        return list(given(self.add_prefix("sure")))

    def _post_clean(self) -> None:
        super()._post_clean()
        self.asked: list[Question] = []
        if not self._errors:
            self.asked = [question for question in self.questions() if question.key not in self.sure]
        for question in self.asked:
            self.add_error(question.field, forms.ValidationError(question.text, code="sure"))
