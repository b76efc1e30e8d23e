"""The table of tokens and its queries."""

from typing import Any

import sqlalchemy as sa

from mainspring.domain.token import Token, TokenId
from mainspring.storage.database import metadata

__all__ = ["find_token", "insert_token", "list_tokens", "set_revoked", "set_used", "tokens"]

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("token_id", sa.Text, primary_key=True),
    sa.Column("secret_digest", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("revoked_ms", sa.BigInteger),
    sa.Column("used_ms", sa.BigInteger),
)
_SHOWN = [column for column in tokens.c if column.name != "secret_digest"]


def insert_token(connection: sa.Connection, token: Token, *, secret_digest: str) -> None:
    """Add a token with the digest of its secret."""
    values = {name: getattr(token, name) for name in Token.__struct_fields__}
    connection.execute(sa.insert(tokens).values(**values, secret_digest=secret_digest))


def find_token(connection: sa.Connection, token_id: str) -> tuple[Token, str] | None:
    """The token and the digest of its secret, or None."""
    row = connection.execute(
        sa.select(*_SHOWN, tokens.c.secret_digest).where(tokens.c.token_id == token_id)
    ).one_or_none()
    return None if row is None else (_token(row), str(row.secret_digest))


def list_tokens(connection: sa.Connection, *, project: str, after: str, limit: int) -> list[Token]:
    """Tokens ordered by id, which is by time of making; `project` other than `*` limits to that one's."""
    query = sa.select(*_SHOWN).where(tokens.c.token_id > after).order_by(tokens.c.token_id).limit(limit)
    if project != "*":
        query = query.where(tokens.c.project == project)
    return [_token(row) for row in connection.execute(query)]


def set_revoked(connection: sa.Connection, token_id: TokenId, *, at_ms: int) -> None:
    """Revoke a token, once: the first time stays."""
    unrevoked = (tokens.c.token_id == token_id) & tokens.c.revoked_ms.is_(None)
    connection.execute(sa.update(tokens).where(unrevoked).values(revoked_ms=at_ms))


def set_used(connection: sa.Connection, token_id: TokenId, *, at_ms: int) -> None:
    """Note that a token was used."""
    connection.execute(sa.update(tokens).where(tokens.c.token_id == token_id).values(used_ms=at_ms))


# Any: the columns are chosen from a list, so SQLAlchemy cannot know their types.
def _token(row: Any) -> Token:
    fields = row._mapping
    return Token(**{name: fields[name] for name in Token.__struct_fields__})
