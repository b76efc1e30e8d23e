"""Operations on tokens."""

from typing import TYPE_CHECKING

import msgspec

from mainspring.access import tables
from mainspring.access.errors import LifetimeInvalid, TokenScope, TokenUnknown
from mainspring.access.tokens import digest_secret, new_secret, token_text
from mainspring.domain.principal import Role
from mainspring.domain.token import NewToken, Token, TokenId
from mainspring.kernel.names import check_name
from mainspring.kernel.op import op

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["create_token", "list_tokens", "revoke_token"]

_DAY_MS = 24 * 3_600_000
_MOST_DAYS = 3650
_MOST_LISTED = 1000


@op("POST /tokens", allow="tokens.admin", scope="workspace")
def create_token(
    ws: "Workspace", *, principal: str, role: Role = "viewer", project: str = "*", lifetime_days: int = 90
) -> NewToken:
    """Make a token for `principal`; its text is in this answer and nowhere else.

    Raises TokenScope when the caller's own token is limited to another project, LifetimeInvalid.
    """
    check_name(principal)
    if project != "*":
        check_name(project)
    if not 1 <= lifetime_days <= _MOST_DAYS:
        raise LifetimeInvalid(days=lifetime_days, most=_MOST_DAYS)
    _check_scope(ws, project)
    now = ws.clock.now_ms()
    token = Token(
        token_id=TokenId(ws.ids.new()),
        principal=principal,
        role=role,
        project=project,
        created_ms=now,
        created_by=ws.principal.name,
        expires_ms=now + lifetime_days * _DAY_MS,
    )
    secret = new_secret()
    with ws.change() as tx:
        tables.insert_token(tx.conn, token, secret_digest=digest_secret(secret))
        tx.event("token.created", subject=token.token_id, payload=token)
        # The answer that is kept for a repeated request must not hold the secret.
        kept = tx.reply(NewToken(token=token, text=""))
    return msgspec.structs.replace(kept, text=token_text(token.token_id, secret))


@op("GET /tokens", allow="tokens.admin", scope="workspace")
def list_tokens(ws: "Workspace", *, after: str = "", limit: int = 100) -> list[Token]:
    """Tokens in the order they were made, without their secrets; a principal of one project sees that project's."""
    with ws.read() as connection:
        return tables.list_tokens(
            connection, project=ws.principal.project, after=after, limit=max(1, min(limit, _MOST_LISTED))
        )


@op("POST /tokens/{token_id}/revoke", allow="tokens.admin", scope="workspace")
def revoke_token(ws: "Workspace", token_id: str) -> Token:
    """End a token: its next use is refused. Revoking it again changes nothing."""
    now = ws.clock.now_ms()
    with ws.change() as tx:
        found = tables.find_token(tx.conn, token_id)
        if found is None or ws.principal.project not in ("*", found[0].project):
            raise TokenUnknown(token_id=token_id[:80])
        token = found[0]
        if token.revoked_ms is None:
            tables.set_revoked(tx.conn, token.token_id, at_ms=now)
            token = msgspec.structs.replace(token, revoked_ms=now)
            tx.event("token.revoked", subject=token.token_id, payload=token)
        return tx.reply(token)


def _check_scope(ws: "Workspace", project: str) -> None:
    """A principal of one project cannot make a token that reaches further than its own."""
    if ws.principal.project not in ("*", project):
        raise TokenScope(principal=ws.principal.name, allowed=ws.principal.project, project=project)
