"""`mainspring tokens`: the credentials of people and services."""

from typing import cast

import click

from mainspring.cli.frame import command, group
from mainspring.cli.session import Session
from mainspring.cli.view import Fields, Id, Page, Sentence, Table, when
from mainspring.domain.principal import Role
from mainspring.domain.token import NewToken, Token

__all__ = ["COMMAND"]

COMMAND = group("tokens", "Credentials of people and services.")


def _state(token: Token) -> str:
    return f"revoked {when(token.revoked_ms)}" if token.revoked_ms else "good"


def _list_view(tokens: list[Token]) -> Page:
    rows = [
        (Id(t.token_id), t.principal, t.role, t.project, when(t.expires_ms), when(t.used_ms) or "never", _state(t))
        for t in tokens
    ]
    columns = ("token", "principal", "role", "project", "expires", "last used", "state")
    return [Table(columns, rows, empty="no tokens yet; make one with: mainspring tokens create NAME")]


def _new_view(new: NewToken) -> Page:
    if not new.text:
        # The answer to a request that had to be sent twice: the secret went with the first answer.
        return [
            Sentence(f"token {new.token.token_id} was made, but its text was lost on the way; revoke it", good=False)
        ]
    return [
        Fields([("token", new.text), ("id", new.token.token_id), ("expires", when(new.token.expires_ms))]),
        Sentence("The token is shown this once; give it to clients as MAINSPRING_TOKEN."),
    ]


def _one_view(token: Token) -> Page:
    return [Sentence(f"token {token.token_id} of {token.principal}: {_state(token)}")]


@command(
    "create",
    of=COMMAND,
    view=_new_view,
    examples=["mainspring tokens create ci --role viewer", "mainspring tokens create ada --role owner --all-projects"],
    then=lambda new: f"mainspring tokens revoke {new.token.token_id}",
)
@click.argument("principal")
@click.option(
    "--role", type=click.Choice(["owner", "viewer"]), default="viewer", show_default=True, help="What it may do."
)
@click.option("--all-projects", is_flag=True, help="Good in every project, not just in --project.")
@click.option("--days", type=int, default=90, show_default=True, help="How long it is good for.")
def create(session: Session, *, principal: str, role: str, all_projects: bool, days: int) -> NewToken:
    """Make a token for a person or a service.

    Its text is printed once and kept nowhere: the workspace holds a digest of it.
    """
    from mainspring.access import ops

    with session.open() as ws:
        project = "*" if all_projects else session.project
        return ops.create_token(ws, principal=principal, role=cast("Role", role), project=project, lifetime_days=days)


@command("list", of=COMMAND, view=_list_view, examples=["mainspring tokens list", "mainspring tokens list --json"])
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most this many.")
@click.option("--after", default="", metavar="ID", help="Go on after this token.")
def list_(session: Session, *, limit: int, after: str) -> list[Token]:
    """List tokens: whose, how far they reach, when last used."""
    from mainspring.access import ops

    with session.open() as ws:
        return ops.list_tokens(ws, after=after, limit=limit)


@command("revoke", of=COMMAND, view=_one_view, examples=["mainspring tokens revoke 3fa9c1d2 --yes"])
@click.argument("token", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke(session: Session, *, token: str, yes: bool) -> Token:
    """End a token: its next use is refused. This cannot be undone."""
    from mainspring.access import ops
    from mainspring.cli.short import find_by_short_id

    with session.open() as ws:
        found = find_by_short_id(ops.list_tokens(ws, limit=1000), token, key=lambda t: t.token_id, noun="tokens")
        token_id = found.token_id if found else token
        if found:
            session.ask(f"Revoke the token of {found.principal}?", yes=yes)
        return ops.revoke_token(ws, token_id)
