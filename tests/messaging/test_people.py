"""People by their ids: whatever comes from outside either can be one or is nobody's."""

import pytest

from messaging.people import active_person, person_key


@pytest.mark.parametrize("value", [None, True, 0, -1, 2**63, "", "x", "1\0", "1.5", 1.5, [1], {}, "9" * 5000])
def test_what_cannot_be_an_id_is_nobodys(value):
    assert person_key(value) is None


@pytest.mark.parametrize("value", [7, "7", 2**63 - 1, str(2**63 - 1)])
def test_a_number_or_its_text_is_an_id(value):
    assert person_key(value) == int(value)


@pytest.mark.django_db
def test_somebody_whose_account_is_disabled_is_nobody(ana):
    assert active_person(ana.pk) == ana
    ana.is_active = False
    ana.save()
    assert active_person(ana.pk) is None
