"""Who calls: what an access token of the authentication service says, or nobody in particular.

In the compatibility form (``COMM_COMPAT``) every caller may do everything, as with the existing service, and a token
that cannot be accepted counts as none. In the secured form a caller has a token: HS256 with ``JWT_SECRET_KEY``, issued
by ``auth-service``, of type ``access``.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import jwt
from django.conf import settings
from django.http import HttpRequest

from realtime.transports.client_address import request_address, scope_address

ALGORITHM = "HS256"
ISSUER = "auth-service"
TYPE = "access"
LEEWAY_SECONDS = 10.0  # clocks of two machines differ, and a token that was issued "in two seconds" is none the worse
LIFETIME_SECONDS = 900
MAX_TOKEN = 4096  # characters
MAX_PARAMETERS = 100  # of the address of a handshake
SERVICE = "service"
SEES_ALL = frozenset({SERVICE, "admin"})  # roles that may read and change rows of everybody


@dataclass(frozen=True)
class Caller:
    """Who calls. ``open``: the compatibility form, in which nothing is refused.

    ``token_key`` is the SHA-256 of the token, for what is counted or assigned by token; empty without one.
    ``expires_at`` is when the token ends, in seconds of the epoch; 0 without one.
    """

    user_id: UUID | None = None
    email: str = ""
    role: str = ""
    address: str = ""
    token_key: str = ""
    open: bool = False
    expires_at: float = 0.0

    @property
    def is_service(self) -> bool:
        """Whether the token belongs to a program and not to a person."""
        return self.role == SERVICE

    @property
    def sees_all(self) -> bool:
        """Whether rows of everybody may be read and changed."""
        return self.open or self.role in SEES_ALL


INTERNAL = Caller(role=SERVICE)  # commands, workers and consumers of this service


class Refused(Exception):
    """A caller has no valid token. ``code`` and ``text`` are those of the existing services (401)."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    def body(self) -> dict[str, str]:
        """The answer's JSON."""
        return {"error": self.text, "code": self.code}


def no_token() -> Refused:
    """No token came with the request."""
    return Refused("NO_TOKEN", "Authorization header required")


def _expired() -> Refused:
    return Refused("TOKEN_EXPIRED", "Token has expired")


def _invalid() -> Refused:
    return Refused("INVALID_TOKEN", "Invalid token")


def caller_of(request: HttpRequest) -> Caller:
    """The caller of a request. Raise Refused in the secured form without a valid token."""
    return _caller(request.headers.get("Authorization", ""), request_address(request))


def caller_of_stream(request: HttpRequest) -> Caller:
    """The caller of a stream, whose token may also be the parameter ``token`` of the address.

    Browsers cannot set headers of an EventSource. Raise Refused in the secured form without a valid token.
    """
    shown = request.headers.get("Authorization", "")
    if not shown and (token := request.GET.get("token", "")):
        shown = f"Bearer {token}"
    return _caller(shown, request_address(request))


def caller_with_token(request: HttpRequest) -> Caller:
    """The caller of a request that must have a valid token in either form. Raise Refused without one."""
    return _of_token(request.headers.get("Authorization", ""), request_address(request))


def caller_of_scope(scope: Mapping[str, Any]) -> Caller:
    """The caller of a WebSocket handshake, whose token may also be the parameter ``token`` of the address.

    Browsers cannot set headers of a handshake. Raise Refused in the secured form without a valid token.
    """
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    shown = headers.get(b"authorization", "")
    if not shown and (token := _token_in_address(scope["query_string"])):
        shown = f"Bearer {token}"
    return _caller(shown, scope_address(scope.get("client"), list(scope["headers"])))


def _token_in_address(query: bytes) -> str:
    try:
        return parse_qs(query.decode("latin-1"), max_num_fields=MAX_PARAMETERS).get("token", [""])[0]
    except ValueError:  # too many
        return ""


def _caller(authorization: str, address: str) -> Caller:
    try:
        return _of_token(authorization, address)
    except Refused:
        if settings.COMM_COMPAT:
            return Caller(address=address, open=True)
        raise


def _of_token(authorization: str, address: str) -> Caller:
    claims, token_key, expires_at = _claims(authorization)
    return Caller(
        user_id=UUID(claims["sub"]),
        email=claims["email"],
        role=claims["role"],
        address=address,
        token_key=token_key,
        open=settings.COMM_COMPAT,
        expires_at=expires_at,
    )


def _claims(authorization: str) -> tuple[dict[str, str], str, float]:
    """``sub``, ``email`` and ``role`` of a token, its key, and when it ends. Raise Refused."""
    if not authorization.strip():
        raise no_token()
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN or not settings.JWT_SECRET_KEY:
        raise _invalid()
    try:
        said = jwt.decode(
            token,
            settings.JWT_SECRET_KEY,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "sub"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError as error:
        raise _expired() from error
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise _invalid() from error
    email, role = said.get("email") or "", said.get("role") or ""
    if said.get("type") != TYPE or not isinstance(email, str) or not isinstance(role, str):
        raise _invalid()
    try:
        user_id, expires_at = UUID(said["sub"]), float(int(said["exp"]))
    except (ValueError, OverflowError) as error:
        raise _invalid() from error
    claims = {"sub": str(user_id), "email": email, "role": role}
    return claims, hashlib.sha256(token.encode()).hexdigest(), expires_at


def make_token(user_id: UUID, role: str = "", email: str = "", seconds: int = LIFETIME_SECONDS) -> str:
    """An access token as the authentication service issues them, valid for ``seconds``."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "type": TYPE,
        "sub": str(user_id),
        "email": email,
        "role": role,
        "iat": now,
        "exp": now + seconds,
    }
    return jwt.encode(claims, settings.JWT_SECRET_KEY, algorithm=ALGORITHM)
