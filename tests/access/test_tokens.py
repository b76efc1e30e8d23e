"""Tokens: made once, shown once, kept as a digest, refused after their end."""

import pytest
import sqlalchemy as sa

from mainspring.access import ops
from mainspring.access.errors import LifetimeInvalid, TokenExpired, TokenInvalid, TokenRevoked, TokenScope, TokenUnknown
from mainspring.access.tables import tokens
from mainspring.access.tokens import authenticate
from mainspring.domain.principal import Principal
from mainspring.kernel.clock import PlayedClock
from mainspring.kernel.names import InvalidName
from mainspring.kernel.op import with_idempotency_key
from mainspring.storage.change import answers
from mainspring.workspace import PermissionDenied, Workspace

DAY_MS = 24 * 3_600_000


def test_token_proves_its_principal_role_and_project(any_ws: Workspace) -> None:
    made = ops.create_token(any_ws, principal="ci", role="viewer", project="flights")

    assert authenticate(any_ws, made.text) == Principal(name="ci", role="viewer", project="flights")


def test_secret_is_nowhere_in_the_workspace(ws: Workspace) -> None:
    with with_idempotency_key("once"):
        made = ops.create_token(ws, principal="ci")
    secret = made.text.rpartition("_")[2]

    with ws.read() as connection:
        stored = [str(tuple(row)) for table in (tokens, answers) for row in connection.execute(sa.select(table))]
    events = [path.read_bytes() for path in ws.folder.glob("mainspring.db*")]
    assert len(stored) == 2
    assert not any(secret in row for row in stored)
    assert not any(secret.encode() in data for data in events)


def test_repeated_request_makes_no_second_token_and_shows_no_text(ws: Workspace) -> None:
    with with_idempotency_key("once"):
        first = ops.create_token(ws, principal="ci")
        second = ops.create_token(ws, principal="ci")

    assert second.token == first.token
    assert second.text == ""
    assert len(ops.list_tokens(ws)) == 1


def test_revoked_token_is_refused_at_its_next_use(ws: Workspace) -> None:
    made = ops.create_token(ws, principal="ci")
    authenticate(ws, made.text)

    ops.revoke_token(ws, made.token.token_id)

    with pytest.raises(TokenRevoked):
        authenticate(ws, made.text)


def test_token_is_good_until_its_last_millisecond(ws: Workspace, clock: PlayedClock) -> None:
    made = ops.create_token(ws, principal="ci", lifetime_days=1)

    clock.advance(DAY_MS - 1)
    authenticate(ws, made.text)
    clock.advance(1)

    with pytest.raises(TokenExpired):
        authenticate(ws, made.text)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text + "a",
        lambda text: text[:-1] + ("a" if text[-1] != "a" else "b"),
        lambda text: text.replace("msp_", "mlf_"),
        lambda text: f"msp_{'0' * 32}_{text.rpartition('_')[2]}",
        lambda text: text + "\n",
    ],
)
def test_any_other_text_is_refused(ws: Workspace, damage: "object") -> None:
    assert callable(damage)
    made = ops.create_token(ws, principal="ci")

    with pytest.raises(TokenInvalid):
        authenticate(ws, damage(made.text))


def test_last_use_is_noted_at_most_once_a_minute(ws: Workspace, clock: PlayedClock) -> None:
    made = ops.create_token(ws, principal="ci")
    start = clock.now_ms()
    for _ in range(3):
        authenticate(ws, made.text)
        clock.advance(30_000)

    assert ops.list_tokens(ws)[0].used_ms == start + 60_000


def test_viewer_may_not_see_or_make_tokens(ws: Workspace) -> None:
    viewer = ws.seen_by(Principal(name="bob", role="viewer"))

    with pytest.raises(PermissionDenied):
        ops.list_tokens(viewer)
    with pytest.raises(PermissionDenied):
        ops.create_token(viewer, principal="bob", role="owner")


def test_owner_of_one_project_reaches_no_further(ws: Workspace) -> None:
    other = ops.create_token(ws, principal="root", role="owner")
    eve = ws.seen_by(Principal(name="eve", role="owner", project="flights"), project="flights")
    mine = ops.create_token(eve, principal="eve-ci", project="flights")

    assert ops.list_tokens(eve) == [mine.token]
    with pytest.raises(TokenScope):
        ops.create_token(eve, principal="eve-ci", role="owner", project="*")
    with pytest.raises(TokenUnknown):
        ops.revoke_token(eve, other.token.token_id)


def test_making_and_revoking_are_events_that_name_who_did_it(ws: Workspace) -> None:
    from mainspring.storage.events import list_events

    made = ops.create_token(ws.seen_by(Principal(name="ada")), principal="ci")
    ops.revoke_token(ws.seen_by(Principal(name="bob")), made.token.token_id)
    ops.revoke_token(ws.seen_by(Principal(name="eve")), made.token.token_id)

    with ws.read() as connection:
        events = list_events(connection, "default", after=0, limit=10)
    assert [(event.kind, event.principal) for event in events] == [("token.created", "ada"), ("token.revoked", "bob")]


def test_list_continues_after_the_last_one_seen(ws: Workspace) -> None:
    made = [ops.create_token(ws, principal=f"p{i}").token for i in range(3)]

    assert ops.list_tokens(ws, limit=2) == made[:2]
    assert ops.list_tokens(ws, after=made[1].token_id) == made[2:]


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_lifetime_out_of_range_is_refused(ws: Workspace, days: int) -> None:
    with pytest.raises(LifetimeInvalid):
        ops.create_token(ws, principal="ci", lifetime_days=days)


def test_principal_needs_a_plain_name(ws: Workspace) -> None:
    with pytest.raises(InvalidName):
        ops.create_token(ws, principal="no spaces")
