"""Cases of the secured form: whose token may do what."""

import json
import time
from collections.abc import Iterator

import jwt
from django.conf import settings

from comm_service.callers import ALGORITHM, make_token
from comm_service.contract import ENDPOINTS

from .asked import Asked, Case
from .protocol import _filled
from .seeds import ANA, BEN, EVA, NOBODY
from .values import BOUNDARY, GOOD, HOSTILE, VALID


def _tokens() -> dict[str, str]:
    """``Authorization`` of each caller. They are made when they are needed, since they expire."""
    claims = {
        "iss": "auth-service",
        "type": "access",
        "sub": str(ANA),
        "email": "",
        "role": "",
        "exp": time.time() + 900,
    }

    def signed(**changed: object) -> str:
        said = {name: value for name, value in {**claims, **changed}.items() if value is not None}
        return "Bearer " + jwt.encode(said, settings.JWT_SECRET_KEY, algorithm=ALGORITHM)

    return {
        "Ana": "Bearer " + make_token(ANA),
        "Ben": "Bearer " + make_token(BEN),
        "Eva": "Bearer " + make_token(EVA),
        "a stranger": "Bearer " + make_token(NOBODY, "student"),
        "a service": "Bearer " + make_token(NOBODY, "service"),
        "an administrator": "Bearer " + make_token(NOBODY, "admin"),
        "no token": "",
        "nonsense": "Bearer nonsense",
        "another scheme": "Basic YTpi",
        "expired": signed(exp=time.time() - 100),
        "another issuer": signed(iss="nobody"),
        "a refresh token": signed(type="refresh"),
        "no user": signed(sub=None),
        "no UUID": signed(sub="5"),
    }


def cases() -> Iterator[Case]:
    """Every endpoint with every caller."""
    for caller, shown in _tokens().items():
        headers = {"Authorization": shown} if shown else {}
        kind = VALID if caller in ("Ana", "Ben", "a service") else BOUNDARY if " " in caller else HOSTILE
        for one in ENDPOINTS:
            for name, body in (("good", json.dumps(GOOD[one.resource.path]).encode()), ("bad", b'{"metadata":null}')):
                if name == "bad" and one.answer != "write":
                    continue
                step = Asked(one.method, _filled(one.path), body if one.method != "GET" else None, headers=headers)
                yield Case(f"{caller}, {name} body", f"{one.method} {one.path}", kind, (step,), secured=True)
        for method, path in (("GET", ""), ("OPTIONS", "messages/"), ("TRACE", "messages/"), ("GET", "messages.xml")):
            yield Case(caller, f"{method} {path}", kind, (Asked(method, path, headers=headers),), secured=True)
        handed_on = json.dumps({"sender_id": str(EVA), "owner_user_id": str(EVA), "uploaded_by": str(EVA)}).encode()
        for path in ("messages/{id}/", "documents/{id}/"):
            step = Asked("PATCH", _filled(path), handed_on, headers=headers)
            yield Case(f"{caller} hands a row on", f"PATCH {path}", BOUNDARY, (step,), secured=True)
