"""What each address carries: one object for all who ask for the same, so that what is worked out for one serves all."""

import pytest

from realtime.delivery import topics


def test_whoever_asks_for_the_same_topics_in_whatever_order_shares_one_subscription():
    assert topics.of_page("projects,notifications") is topics.of_page(" notifications , projects")
    assert topics.of_page(None) is topics.of_page("notifications,projects,dashboard")
    assert topics.of_topics("projects") is not topics.of_topics("notifications")


@pytest.mark.parametrize("text", ["", ",", "projects,weather"])
def test_what_is_no_topic_is_refused(text):
    with pytest.raises(ValueError, match="topics are"):
        topics.of_page(text)
