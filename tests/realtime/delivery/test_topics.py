"""Topics: what applications register is what clients can subscribe to."""

from types import SimpleNamespace

import pytest

from realtime.delivery import topics
from realtime.delivery.snapshots import State


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """No topics and pages but those that the test registers."""
    for name, empty in (("_topics", {}), ("_live_pages", []), ("_viewer_frames", [])):
        monkeypatch.setattr(topics, name, empty)
    _forget()
    yield
    _forget()  # what was kept for this test's topics


def _forget() -> None:
    topics._of.cache_clear()
    topics._of_page.cache_clear()


def state(name: str) -> State:
    return State(name, lambda frame: None, lambda viewer, subjects: [], lambda viewer: None)


def frame(topic: str) -> SimpleNamespace:
    return SimpleNamespace(topic=topic)


def test_a_client_that_names_no_topics_has_the_default_ones():
    topics.register_topic("news")
    topics.register_topic("messages", default=False)
    assert topics.of_topics(None).topics == {"news"}
    assert topics.of_topics("messages,news").topics == {"news", "messages"}
    assert topics.names() == ("news", "messages")


def test_states_are_shown_in_the_order_of_registration():
    first, second, third = state("first"), state("second"), state("third")
    topics.register_topic("b", states=[first, second])
    topics.register_topic("a", states=[third])
    assert topics.of_topics("a,b").states == (first, second, third)


def test_events_that_are_only_examined_are_not_sent():
    topics.register_topic("news")
    topics.register_topic("counts", examines=["news"])
    counts = topics.of_topics("counts")
    assert counts.topics == {"news", "counts"}
    assert counts.wanted(frame("counts"))
    assert not counts.wanted(frame("news"))
    assert topics.of_topics("counts,news").wanted(frame("news"))


def test_a_topic_that_is_registered_later_is_among_the_default_ones():
    topics.register_topic("news")
    assert topics.of_topics(None).topics == {"news"}
    topics.register_topic("letters")
    assert topics.of_topics(None).topics == {"news", "letters"}


def test_a_name_is_registered_once():
    topics.register_topic("news")
    with pytest.raises(ValueError, match="registered twice"):
        topics.register_topic("news")


def test_an_unknown_topic_is_refused_with_those_that_there_are():
    topics.register_topic("news")
    topics.register_topic("messages", default=False)
    with pytest.raises(ValueError, match=r"^Unknown topic 'weather'; topics are news, messages\.$"):
        topics.of_topics("news,weather")
    with pytest.raises(ValueError, match=r"^No topic;"):
        topics.of_topics(" , ")


def test_without_any_default_topic_a_client_must_name_one():
    topics.register_topic("messages", default=False)
    with pytest.raises(ValueError, match=r"^No topic;"):
        topics.of_topics(None)


def test_pages_of_several_applications_are_shown_together_and_examined_only_where_they_are():
    shown, other = state("page-roof"), state("page-inbox")
    topics.register_topic("news")
    topics.register_pages(lambda text: (shown,) if "roof" in (text or "") else (), examines=["projects"])
    topics.register_pages(lambda text: (other,) if "inbox" in (text or "") else (), examines=["messages"])
    assert topics.of_page("news").topics == {"news"}
    assert topics.of_page("news", "roof").topics == {"news", "projects"}
    both = topics.of_page("news", "roof,inbox")
    assert both.states == (shown, other)
    assert both.topics == {"news", "projects", "messages"}
    assert topics.of_page("news", "inbox,roof") is both


def test_pages_have_the_frame_about_their_viewer_and_other_streams_do_not():
    topics.register_topic("news")
    topics.register_viewer_frame(lambda viewer: "{}")
    assert topics.of_page("news").viewer_frame(None) == "{}"
    assert topics.of_topics("news").viewer_frame(None) == ""
    with pytest.raises(ValueError, match="already"):
        topics.register_viewer_frame(lambda viewer: "")
