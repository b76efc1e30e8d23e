"""The tables of endpoints and captured predictions, and every query on them."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from mainspring.domain.endpoint import Endpoint, Variant, VariantCount
from mainspring.domain.prediction import Capture
from mainspring.storage.database import StructColumn, insert_ignore, metadata

__all__ = [
    "add_capture",
    "capture_counts",
    "captures",
    "claim_requests",
    "counts",
    "delete_endpoint",
    "endpoints",
    "find_capture",
    "find_endpoint",
    "holders",
    "lock_endpoint",
    "names",
    "owners_of",
    "put_endpoint",
    "requests",
    "select_captures",
    "select_endpoints",
    "select_feedback",
]

endpoints = sa.Table(
    "endpoints",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("variants", StructColumn(tuple[Variant, ...]), nullable=False),
    sa.Column("salt", sa.Text, nullable=False),
    sa.Column("clock", sa.Text, nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
captures = sa.Table(
    "captures",
    metadata,
    sa.Column("segment", sa.Text, primary_key=True),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("predictions", sa.Text, nullable=False),
    sa.Column("feedback", sa.Text, nullable=False),
    sa.Column("requests", sa.BigInteger, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("feedback_rows", sa.BigInteger, nullable=False),
    sa.Column("duplicates", sa.BigInteger, nullable=False),
    sa.Column("dropped", sa.BigInteger, nullable=False),
    sa.Column("from_ms", sa.BigInteger, nullable=False),
    sa.Column("to_ms", sa.BigInteger, nullable=False),
    sa.Column("feedback_from_ms", sa.BigInteger, nullable=False),
    sa.Column("feedback_to_ms", sa.BigInteger, nullable=False),
    sa.Column("ingested_ms", sa.BigInteger, nullable=False),
    sa.Index("ix_captures_endpoint_time", "project", "endpoint", "from_ms"),
    sa.Index("ix_captures_endpoint_feedback_time", "project", "endpoint", "feedback_from_ms"),
)
# Which segment holds a request's answer: what makes a request that was sent twice count once, and a prediction quick to find.
# `slot` is `live`, or the shadow variant that was asked the same.
requests = sa.Table(
    "captured_requests",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("request", sa.Text, primary_key=True),
    sa.Column("endpoint", sa.Text, primary_key=True),
    sa.Column("slot", sa.Text, primary_key=True),
    sa.Column("segment", sa.Text, nullable=False),
)
counts = sa.Table(
    "capture_counts",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("endpoint", sa.Text, primary_key=True),
    sa.Column("variant", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("requests", sa.BigInteger, nullable=False),
)
_ASKED_AT_ONCE = 500


def find_endpoint(conn: sa.Connection, project: str, name: str) -> Endpoint | None:
    """What is wanted of an endpoint."""
    mine = (endpoints.c.project == project) & (endpoints.c.name == name)
    row = conn.execute(sa.select(endpoints).where(mine)).one_or_none()
    return None if row is None else _endpoint(row)


def lock_endpoint(conn: sa.Connection, project: str, name: str) -> Endpoint | None:
    """What is wanted of an endpoint, which no other change touches until this one ends."""
    mine = (endpoints.c.project == project) & (endpoints.c.name == name)
    row = conn.execute(sa.select(endpoints).where(mine).with_for_update()).one_or_none()
    return None if row is None else _endpoint(row)


def select_endpoints(conn: sa.Connection, *, project: str = "", after: str = "", limit: int) -> list[Endpoint]:
    """Endpoints by name, of one project or of all."""
    query = sa.select(endpoints).where(endpoints.c.name > after)
    if project:
        query = query.where(endpoints.c.project == project)
    rows = conn.execute(query.order_by(endpoints.c.name, endpoints.c.project).limit(limit))
    return [_endpoint(row) for row in rows]


def names(conn: sa.Connection, project: str, *, limit: int = 200) -> list[str]:
    """Names of endpoints, for suggestions."""
    query = sa.select(endpoints.c.name).where(endpoints.c.project == project).order_by(endpoints.c.name)
    return list(conn.execute(query.limit(limit)).scalars())


def put_endpoint(conn: sa.Connection, endpoint: Endpoint) -> None:
    """Insert or replace what is wanted of an endpoint."""
    values = {name: getattr(endpoint, name) for name in endpoint.__struct_fields__}
    if not insert_ignore(conn, endpoints, values):
        mine = (endpoints.c.project == endpoint.project) & (endpoints.c.name == endpoint.name)
        conn.execute(sa.update(endpoints).where(mine).values(**values))


def delete_endpoint(conn: sa.Connection, project: str, name: str) -> None:
    """Want an endpoint no longer; what it answered stays."""
    conn.execute(sa.delete(endpoints).where(endpoints.c.project == project, endpoints.c.name == name))


def claim_requests(
    conn: sa.Connection, project: str, endpoint: str, *, segment: str, slots: Sequence[tuple[str, str]]
) -> None:
    """Note that `segment` holds these requests (request, slot); those that another segment holds keep it."""
    held = owners_of(conn, project, endpoint, slots)
    rows = [
        {"project": project, "endpoint": endpoint, "request": request, "slot": slot, "segment": segment}
        for request, slot in dict.fromkeys(slots)
        if (request, slot) not in held
    ]
    if rows:
        conn.execute(sa.insert(requests), rows)


def owners_of(
    conn: sa.Connection, project: str, endpoint: str, slots: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """The segment that holds each (request, slot) which any holds."""
    asked = sorted({request for request, _ in slots})
    found: dict[tuple[str, str], str] = {}
    for start in range(0, len(asked), _ASKED_AT_ONCE):
        query = sa.select(requests.c.request, requests.c.slot, requests.c.segment).where(
            requests.c.project == project,
            requests.c.endpoint == endpoint,
            requests.c.request.in_(asked[start : start + _ASKED_AT_ONCE]),
        )
        found.update({(row.request, row.slot): row.segment for row in conn.execute(query)})
    return found


def holders(conn: sa.Connection, project: str, request: str, *, limit: int = 100) -> list[tuple[str, str]]:
    """(endpoint, segment) of what holds a request's answers."""
    query = (
        sa.select(requests.c.endpoint, requests.c.segment)
        .where(requests.c.project == project, requests.c.request == request)
        .distinct()
        .order_by(requests.c.endpoint, requests.c.segment)
    )
    return [(row.endpoint, row.segment) for row in conn.execute(query.limit(limit))]


def add_capture(conn: sa.Connection, project: str, capture: Capture, per_variant: Sequence[VariantCount]) -> bool:
    """Register a segment and add to the counts, once; whether it was new."""
    values = {name: getattr(capture, name) for name in capture.__struct_fields__}
    if not insert_ignore(conn, captures, {"project": project, **values}):
        return False
    for count in per_variant:
        key = {
            "project": project,
            "endpoint": capture.endpoint,
            "variant": count.variant,
            "version": count.version,
            "role": count.role,
        }
        insert_ignore(conn, counts, {**key, "rows": 0, "requests": 0})
        mine = sa.and_(*(counts.c[name] == value for name, value in key.items()))
        more = {"rows": counts.c.rows + count.rows, "requests": counts.c.requests + count.requests}
        conn.execute(sa.update(counts).where(mine).values(**more))
    return True


def capture_counts(conn: sa.Connection, project: str, endpoint: str, *, limit: int = 100) -> tuple[VariantCount, ...]:
    """Rows and requests by variant and version, as ingested."""
    query = sa.select(counts).where(counts.c.project == project, counts.c.endpoint == endpoint)
    rows = conn.execute(query.order_by(counts.c.version, counts.c.variant, counts.c.role).limit(limit))
    fields = VariantCount.__struct_fields__
    return tuple(VariantCount(**{name: getattr(row, name) for name in fields}) for row in rows)


def find_capture(conn: sa.Connection, segment: str) -> Capture | None:
    """A registered segment."""
    row = conn.execute(sa.select(captures).where(captures.c.segment == segment)).one_or_none()
    return None if row is None else _capture(row)


def select_captures(
    conn: sa.Connection, project: str, endpoint: str, *, from_ms: int, to_ms: int, limit: int
) -> list[Capture]:
    """Segments with predictions of times in [from_ms, to_ms), oldest first."""
    query = sa.select(captures).where(
        captures.c.project == project,
        captures.c.endpoint == endpoint,
        captures.c.predictions != "",
        captures.c.from_ms < to_ms,
        captures.c.to_ms >= from_ms,
    )
    return [_capture(row) for row in conn.execute(query.order_by(captures.c.from_ms, captures.c.segment).limit(limit))]


def select_feedback(
    conn: sa.Connection, project: str, endpoint: str, *, from_ms: int, to_ms: int, limit: int
) -> list[Capture]:
    """Segments with feedback of times in [from_ms, to_ms), oldest first."""
    query = sa.select(captures).where(
        captures.c.project == project,
        captures.c.endpoint == endpoint,
        captures.c.feedback != "",
        captures.c.feedback_from_ms < to_ms,
        captures.c.feedback_to_ms >= from_ms,
    )
    order = captures.c.feedback_from_ms, captures.c.segment
    return [_capture(row) for row in conn.execute(query.order_by(*order).limit(limit))]


def latest_ms(conn: sa.Connection, project: str, endpoint: str) -> int:
    """The latest time that a prediction or an outcome of the endpoint has told, 0 before the first."""
    told = sa.select(sa.func.max(captures.c.to_ms), sa.func.max(captures.c.feedback_to_ms)).where(
        captures.c.project == project, captures.c.endpoint == endpoint
    )
    return max((value or 0 for value in conn.execute(told).one()), default=0)


def _endpoint(row: Any) -> Endpoint:
    return Endpoint(**{name: getattr(row, name) for name in Endpoint.__struct_fields__})


def _capture(row: Any) -> Capture:
    return Capture(**{name: getattr(row, name) for name in Capture.__struct_fields__})
