"""The polling transport: what a stream would have sent since the cursor, as one JSON response.

It is for browsers that no stream reaches. It reads the same log under the same rules, so a browser may go from a stream
to polling and back with its cursor.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from ..access import authority, credentials
from ..access.identity import of_session
from ..access.user_ids import UserId
from ..delivery.subscriber import Subscriber, Subscription
from ..log import epochs, replay
from ..log.events import to_json
from .refusal import refusal, refusal_of, signed_in

MOST = 200  # events in one answer

# Called with each user whose poll is answered. They must not block.
polled: list[Callable[[UserId], None]] = []


def poll(request: HttpRequest, subscription: Subscription) -> HttpResponseBase:
    """Answer ``{"frames": [...], "cursor": N, "more": bool}``: events in order, then the state that they changed.

    Without a usable cursor, the whole state. ``more``: not everything fitted, ask again at once. Refused as a stream is
    (realtime/transports/sse.py).
    """
    if refused := refusal_of(request, "GET"):
        return refused
    user = signed_in(request)
    raw = request.GET.get("last_event_id")
    start = replay.start(raw)
    frames = replay.tail(start.cursor, MOST)
    leapt = bool(frames) and epochs.NO_HISTORY.leaps(start.cursor, frames[-1].id)
    if replay.pruned_to() > start.cursor or leapt:  # pruned, or restored, while it was being read
        start = replay.start(raw)
        frames = replay.tail(start.cursor, MOST) if leapt else []
    # Authority is read after the events, so that it is never older than they are: nobody sees an event that came after
    # their rights or their session ended.
    viewer = authority.load([user.pk]).get(user.pk)
    identity = of_session(user, request.session)
    assert identity is not None
    asker = Subscriber(user.pk, identity.credential, subscription, start.cursor)
    asker.session_over = not credentials.is_living(identity.credential)
    reason = asker.ended(viewer)
    if viewer is None or reason == "signed out":
        return refusal(401, "Not signed in.")
    if reason:
        return refusal(404, "There is nothing here for you.")
    for callback in polled:
        callback(user.pk)
    seen = [frame for frame in frames if subscription.includes(frame, viewer)]
    sent = [to_json({"type": "reset", "reason": start.reset})] if start.reset else []
    sent += [frame.json for frame in seen if subscription.wanted(frame)]
    for state in subscription.states:
        subjects = frozenset(subject for subject in map(state.subject, seen) if subject is not None)
        if state.opens and (start.reset or not raw):
            sent += state.encoded(viewer, None)
        elif subjects:
            sent += state.encoded(viewer, subjects)
    viewer_frame = subscription.viewer_frame(viewer)
    sent += [viewer_frame] if viewer_frame else []
    cursor = frames[-1].id if frames else start.cursor
    more = "true" if len(frames) == MOST else "false"
    body = f'{{"frames":[{",".join(sent)}],"cursor":{cursor},"more":{more}}}'
    return HttpResponse(body, content_type="application/json", headers={"Cache-Control": "no-store"})
