"""What each address carries: one object for all who ask for the same, so that what is worked out for one serves all."""

import pytest

from projeng import subscriptions


def test_whoever_asks_for_the_same_topics_in_whatever_order_shares_one_subscription():
    assert subscriptions.of_page("projects,notifications") is subscriptions.of_page(" notifications , projects")
    assert subscriptions.of_page(None) is subscriptions.of_page("notifications,projects,dashboard")
    assert subscriptions.of_topics("projects") is not subscriptions.of_topics("notifications")


@pytest.mark.parametrize("text", ["", ",", "projects,weather"])
def test_what_is_no_topic_is_refused(text):
    with pytest.raises(ValueError, match="topics are"):
        subscriptions.of_page(text)
