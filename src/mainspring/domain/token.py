"""Tokens: the credentials of people and services."""

from typing import NewType

import msgspec

from mainspring.domain.principal import Role

__all__ = ["NewToken", "Token", "TokenId"]

TokenId = NewType("TokenId", str)


class Token(msgspec.Struct, frozen=True):
    """A credential for `principal`, good in `project` (`*`: every one) until `expires_ms`; its secret is not kept."""

    token_id: TokenId
    principal: str
    role: Role
    project: str
    created_ms: int
    created_by: str
    expires_ms: int
    revoked_ms: int | None = None
    used_ms: int | None = None


class NewToken(msgspec.Struct, frozen=True):
    """A token just made. `text` is the whole credential: shown this once, empty when the same request is answered again."""

    token: Token
    text: str
