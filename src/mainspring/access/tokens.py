"""Token text and what it proves: `msp_<id>_<secret>`, of which only a digest of the secret is kept."""

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING

from mainspring.access.errors import TokenExpired, TokenInvalid, TokenRevoked
from mainspring.access.tables import find_token, set_used
from mainspring.domain.principal import Principal
from mainspring.domain.token import Token, TokenId

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["authenticate", "digest_secret", "new_secret", "token_text"]

_TEXT = re.compile(r"msp_([0-9a-f]{32})_([A-Za-z0-9-_]{43})")
_USED_EVERY_MS = 60_000


def new_secret() -> str:
    """256 random bits from the operating system; never from the injected source, which a seed could repeat."""
    return secrets.token_urlsafe(32)


def digest_secret(secret: str) -> str:
    """SHA-256 of a secret; plain, since 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_text(token_id: TokenId, secret: str) -> str:
    """The whole credential."""
    return f"msp_{token_id}_{secret}"


def authenticate(ws: "Workspace", text: str) -> Principal:
    """Who `text` belongs to; raises TokenInvalid, TokenRevoked, TokenExpired. Notes the use at most once a minute."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise TokenInvalid
    token_id, secret = match.groups()
    with ws.read() as connection:
        found = find_token(connection, token_id)
    # Compared even where there is no such id, so that the time taken tells nothing.
    token, expected = found or (None, "0" * 64)
    if not hmac.compare_digest(digest_secret(secret), expected) or token is None:
        raise TokenInvalid
    now = ws.clock.now_ms()
    if token.revoked_ms is not None:
        raise TokenRevoked(token_id=token.token_id)
    if token.expires_ms <= now:
        raise TokenExpired(token_id=token.token_id)
    _note_use(ws, token, now)
    return Principal(name=token.principal, role=token.role, project=token.project)


def _note_use(ws: "Workspace", token: Token, now: int) -> None:
    if token.used_ms is None or now - token.used_ms >= _USED_EVERY_MS:
        with ws.change() as tx:
            set_used(tx.conn, token.token_id, at_ms=now)
