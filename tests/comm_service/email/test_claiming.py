"""Who may send an e-mail and when, and what is recorded of each try."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from comm_service import services
from comm_service.callers import INTERNAL
from comm_service.email import claiming, passes, unconfirmed
from comm_service.email.models import EmailClaim
from comm_service.models import EmailQueue, Status

from .rows import claim_ended, handed_over_long_ago, queued, row, shown, wait_over

pytestmark = pytest.mark.django_db


def failed_once(email: EmailQueue, error: str = "away") -> None:
    held = claiming.claim(email.pk)
    assert held
    claiming.record_failure(held, error)


def handed_over(email: EmailQueue) -> claiming.Claim:
    held = claiming.claim(email.pk)
    assert held
    assert claiming.hand_over(held)
    return held


def test_a_row_is_claimed_once():
    email = queued()
    assert claiming.claim(email.pk)
    assert claiming.claim(email.pk) is None
    assert shown(email) == ("pending", 1, None)


def test_what_is_not_due_or_not_pending_is_not_claimed():
    later = queued(scheduled_at=timezone.now() + timedelta(days=30))
    for email in (later, queued(status="sent"), queued(status="failed"), queued(status="sending")):
        assert claiming.claim(email.pk) is None
        assert row(email.pk).attempts == 0
    assert claiming.claim(uuid4()) is None
    assert passes.due_ids() == []


def test_what_was_scheduled_is_due_when_its_time_has_come_however_long_it_was():
    email = queued(scheduled_at=timezone.now() + timedelta(days=30))
    EmailQueue.objects.filter(pk=email.pk).update(scheduled_at=timezone.now() - timedelta(seconds=1))
    assert passes.due_ids() == [email.pk]
    assert claiming.claim(email.pk)


def test_the_longest_due_is_first():
    now = timezone.now()
    new, old = queued(), queued(scheduled_at=now - timedelta(days=1))
    assert passes.due_ids() == [old.pk, new.pk]
    assert passes.due_ids(most=1) == [old.pk]


def test_three_tries_with_growing_waits_then_failed(settings):
    settings.COMM_EMAIL_RETRY_SECONDS = 60
    email, waits = queued(), []
    for _ in range(2):
        failed_once(email, "away")
        claim = EmailClaim.objects.get(pk=email.pk)
        assert claim.next_try_at
        waits.append(round((claim.next_try_at - timezone.now()).total_seconds()))
        assert claiming.claim(email.pk) is None
        assert passes.due_ids() == []
        wait_over(email)
        assert passes.due_ids() == [email.pk]
    assert waits == [60, 300]
    failed_once(email, "away for good")
    assert shown(email) == ("failed", 3, "away for good")
    assert not EmailClaim.objects.exists()


def test_a_failed_row_that_is_retried_is_tried_again_at_once_although_its_attempts_stay():
    email = queued(status="failed", attempts=3, last_error="away")
    services.retry(row(email.pk), INTERNAL)
    assert shown(email) == ("pending", 3, None)
    assert passes.due_ids() == [email.pk]
    failed_once(email, "still away")
    assert shown(email) == ("failed", 4, "still away")


def test_what_is_refused_for_good_is_not_tried_again():
    email = queued()
    held = claiming.claim(email.pk)
    assert held
    claiming.record_failure(held, "no address", final=True)
    assert shown(email) == ("failed", 1, "no address")


def test_a_claim_of_a_process_that_died_ends_and_somebody_else_tries():
    email = queued()
    dead = claiming.claim(email.pk)
    assert dead
    claim_ended(email)
    assert passes.due_ids() == [email.pk]
    second = claiming.claim(email.pk)
    assert second
    assert not claiming.hand_over(dead)
    claiming.record_failure(dead, "late")
    assert shown(email) == ("pending", 2, None)
    assert claiming.hand_over(second)


def test_a_row_that_ends_its_process_each_time_fails():
    email = queued()
    for _ in range(claiming.ATTEMPTS):
        assert claiming.claim(email.pk)
        claim_ended(email)
    assert claiming.claim(email.pk) is None
    assert shown(email) == ("failed", 3, claiming.DIED)


def test_what_was_handed_over_and_not_confirmed_stays_sending():
    email = queued()
    handed_over(email)
    assert shown(email) == ("sending", 1, None)
    assert passes.due_ids() == []
    assert claiming.claim(email.pk) is None
    handed_over_long_ago(email)
    claim_ended(email)
    assert passes.due_ids() == []
    assert claiming.claim(email.pk) is None
    assert shown(email) == ("sending", 1, unconfirmed.UNCONFIRMED)


def test_what_is_just_being_sent_is_not_unconfirmed_also_after_a_failed_try():
    email = queued()
    failed_once(email)
    wait_over(email)
    handed_over(email)
    assert not unconfirmed.unconfirmed(timezone.now()).exists()
    assert unconfirmed.decide([email.pk], Status.PENDING) == 0


def test_a_retry_of_the_api_leaves_what_is_unconfirmed_alone():
    email = queued()
    handed_over(email)
    services.retry(row(email.pk), INTERNAL)
    assert shown(email)[0] == "sending"


@pytest.mark.parametrize(("decision", "status"), [(Status.SENT, "sent"), (Status.FAILED, "failed")])
def test_a_person_decides_what_became_of_it(decision, status):
    email, other = queued(), queued()
    handed_over(email)
    handed_over_long_ago(email)
    assert unconfirmed.decide([email.pk, other.pk], decision) == 1
    assert shown(email)[0] == status
    assert bool(row(email.pk).sent_at) == (decision is Status.SENT)
    assert shown(other)[0] == "pending"


def test_a_person_lets_it_be_tried_again():
    email = queued()
    claiming.record_unknown(handed_over(email), "cut off")
    assert unconfirmed.decide([email.pk], Status.PENDING) == 1
    assert passes.due_ids() == [email.pk]
    claiming.record_sent(handed_over(email))
    assert shown(email) == ("sent", 2, None)


def test_a_row_set_to_sending_by_sql_is_unconfirmed():
    email = queued(status="sending")
    assert list(unconfirmed.unconfirmed(timezone.now())) == [email]


@pytest.mark.parametrize(
    "changed", [{"scheduled_at": timezone.now() + timedelta(days=1)}, {"status": "sent"}], ids=["postponed", "sent"]
)
def test_a_row_that_was_changed_meanwhile_is_not_handed_over(changed):
    email = queued()
    held = claiming.claim(email.pk)
    assert held
    EmailQueue.objects.filter(pk=email.pk).update(**changed)
    assert not claiming.hand_over(held)
    claiming.give_back(held)
    assert row(email.pk).status == changed.get("status", "pending")


def test_a_row_that_was_deleted_meanwhile_is_not_handed_over_and_its_claim_goes():
    email = queued()
    held = claiming.claim(email.pk)
    assert held
    services.delete(row(email.pk), INTERNAL)
    assert not claiming.hand_over(held)
    claim_ended(email)
    assert passes.due_ids() == []
    assert not EmailClaim.objects.exists()


def test_what_a_server_says_is_stored_within_bounds():
    email = queued()
    failed_once(email, "no\0 \ud800" + "x" * 5000)
    error = shown(email)[2]
    assert error
    assert len(error) == claiming.ERROR_LENGTH
    assert "\0" not in error
