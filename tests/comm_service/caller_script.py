"""A caller's script, written for the old side: it uses what the old API answers and nothing else.

    python tests/comm_service/caller_script.py http://127.0.0.1:8300

It leaves the tables as it found them, prints a line for each step, and ends with 0 if everything was as expected.
"""

import json
import sys
import urllib.error
import urllib.request
import uuid

SECONDS = 10.0
ANA, BEN = (str(uuid.uuid4()) for _ in range(2))


class Api:
    """The API at an address."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/") + "/comm/api/"

    def __call__(self, method: str, path: str, said: object = None) -> tuple[int, object, dict[str, str]]:
        """Return the status, the JSON (None for an empty body) and the headers of an answer."""
        body = None if said is None else json.dumps(said).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(self._address + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return answer.status, _json(answer.read()), dict(answer.headers)
        except urllib.error.HTTPError as refused:
            return refused.code, _json(refused.read()), dict(refused.headers)


def _json(body: bytes) -> object:
    return json.loads(body) if body else None


def expect(what: str, seen: object, wanted: object) -> None:
    """Say what was checked. Exit with 1 if it is not as the old API has it."""
    if seen != wanted:
        sys.exit(f"FAILED {what}: {seen!r} instead of {wanted!r}")
    sys.stdout.write(f"ok {what}\n")


def messages(api: Api) -> None:
    """Send, find, read, correct and delete a message."""
    status, root, _ = api("GET", "")
    expect(
        "the root names four lists",
        (status, list(root)),
        (200, ["messages", "notifications", "documents", "email_queue"]),
    )
    sent = {"sender_id": ANA, "receiver_id": BEN, "subject": " Report ", "metadata": {"priority": "high"}}
    status, made, headers = api("POST", "messages/", sent)
    expect("a message is created", status, 201)
    expect("the answer has no id", made, {**sent, "subject": "Report", "body": None})
    expect("Allow", headers["Allow"], "GET, POST, HEAD, OPTIONS")
    _, [shown], _ = api("GET", f"messages/sent/{ANA}/")  # the only way to its id
    path = f"messages/{shown['id']}/"
    expect("the receiver has it", api("GET", f"messages/received/{BEN}/")[1], [shown])
    expect("one message", api("GET", path)[1], shown)
    expect("unread", shown["read_at"], None)
    read = api("POST", f"{path}mark_read/")[1]["read_at"]
    expect("read once", api("POST", f"{path}mark_read/")[1]["read_at"], read)
    status, changed, _ = api("PATCH", path, {"body": "Corrected", "read_at": None})
    expect("changed", (status, changed["body"]), (200, "Corrected"))
    expect("still read", api("GET", path)[1]["read_at"], read)
    expect("deleted", api("DELETE", path)[:2], (204, None))
    expect("gone", api("GET", path)[:2], (404, {"detail": "Not found."}))


def notifications(api: Api) -> None:
    """Notify, and be refused."""
    status, wrong, _ = api("POST", "notifications/", {"type": "sms"})
    wanted = {"user_id": ["This field is required."], "type": ['"sms" is not a valid choice.']}
    expect("a wrong notification", (status, wrong), (400, wanted))
    expect("a notification", api("POST", "notifications/", {"user_id": BEN, "type": "push", "title": "Hi"})[0], 201)
    _, [shown], _ = api("GET", f"notifications/by_user/{BEN}/")
    expect("pending", (shown["status"], shown["attempts"]), ("pending", 0))
    path = f"notifications/{shown['id']}/"
    expect("nothing to retry", api("POST", f"{path}retry/")[1], shown)
    expect("no such method", api("POST", path)[:2], (405, {"detail": 'Method "POST" not allowed.'}))
    expect("deleted", api("DELETE", path)[0], 204)


def documents_and_mails(api: Api) -> None:
    """File a document, queue an e-mail."""
    expect(
        "a document",
        api("POST", "documents/", {"storage_path": "a/b.pdf", "owner_user_id": ANA, "size_bytes": "12"})[0],
        201,
    )
    _, [document], _ = api("GET", f"documents/by_owner/{ANA}/")
    expect("its size", document["size_bytes"], 12)
    expect("deleted", api("DELETE", f"documents/{document['id']}/")[0], 204)
    mail = {"to_addresses": [f"{ANA}@example.com"], "subject": "Hello", "scheduled_at": "2999-01-15"}
    expect("an e-mail", api("POST", "email_queue/", mail)[1]["scheduled_at"], "2999-01-15T00:00:00Z")
    _, queued, _ = api("GET", "email_queue/by_status/pending/")
    [own] = [one for one in queued if one["to_addresses"] == mail["to_addresses"]]
    expect("nothing of this status", api("GET", "email_queue/by_status/PENDING/")[1], [])
    expect("deleted", api("DELETE", f"email_queue/{own['id']}/")[0], 204)


def main(arguments: list[str]) -> None:
    """Run everything against the address that is given."""
    if len(arguments) != 1:
        sys.exit(__doc__)
    api = Api(arguments[0])
    messages(api)
    notifications(api)
    documents_and_mails(api)


if __name__ == "__main__":
    main(sys.argv[1:])
