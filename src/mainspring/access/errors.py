"""Errors of credentials."""

from mainspring.kernel.errors import Invalid, NotFound, Unauthorised

__all__ = ["LifetimeInvalid", "TokenExpired", "TokenInvalid", "TokenRevoked", "TokenScope", "TokenUnknown"]


class TokenInvalid(Unauthorised):
    code = "token.invalid"
    template = "the token is not one of this workspace"
    hint = "set MAINSPRING_TOKEN to a token made with: mainspring tokens create"
    http_status = 401


class TokenRevoked(Unauthorised):
    code = "token.revoked"
    template = "the token {token_id} was revoked"
    hint = "ask an owner for a new one: mainspring tokens create"
    http_status = 401


class TokenExpired(Unauthorised):
    code = "token.expired"
    template = "the token {token_id} has expired"
    hint = "ask an owner for a new one: mainspring tokens create"
    http_status = 401


class TokenScope(Unauthorised):
    code = "token.scope"
    template = "'{principal}' may make tokens for project '{allowed}' alone, not for '{project}'"
    hint = "ask an owner of the whole workspace"


class TokenUnknown(NotFound):
    code = "token.unknown"
    template = "there is no token '{token_id}'"
    hint = "see: mainspring tokens list"


class LifetimeInvalid(Invalid):
    code = "token.lifetime"
    template = "a token cannot live {days} days"
    hint = "choose 1 to {most}"
