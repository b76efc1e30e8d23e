"""Tables of the loop: plans, retrainings and rollouts."""

from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from mainspring.domain.plan import Plan
from mainspring.domain.retraining import Retraining
from mainspring.domain.rollout import Look, Rollout
from mainspring.storage.database import StructColumn, insert_ignore, metadata

__all__ = [
    "find_cause",
    "get_plan",
    "get_retraining",
    "get_rollout",
    "insert_retraining",
    "insert_rollout",
    "list_retrainings",
    "list_rollouts",
    "set_plan",
    "update_retraining",
    "update_rollout",
]

T = TypeVar("T", bound=msgspec.Struct)

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("plan", StructColumn(Plan), nullable=False),
)
retrainings = sa.Table(
    "retrainings",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("requested_ms", sa.BigInteger, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.UniqueConstraint("project", "cause"),
    sa.Index("ix_retrainings_project_model", "project", "model", "id"),
    sa.Index("ix_retrainings_state", "state"),
)
rollouts = sa.Table(
    "rollouts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("champion", sa.Integer, nullable=False),
    sa.Column("candidate", sa.Integer, nullable=False),
    sa.Column("share", sa.Float, nullable=False),
    sa.Column("margin", sa.Float, nullable=False),
    sa.Column("error_rate", sa.Float, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("started_ms", sa.BigInteger, nullable=False),
    sa.Column("longest_ms", sa.BigInteger, nullable=False),
    sa.Column("looks", StructColumn(tuple[Look, ...]), nullable=False),
    sa.Column("decided_ms", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("retraining", sa.Text, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Column("route", sa.BigInteger, nullable=False),
    sa.Index("ix_rollouts_project_endpoint", "project", "endpoint", "id"),
    sa.Index("ix_rollouts_settled", "settled"),
)


def get_plan(connection: sa.Connection, project: str, model: str) -> Plan:
    """The plan declared for a model, or the default."""
    query = sa.select(plans.c.plan).where(plans.c.project == project, plans.c.model == model)
    return connection.execute(query).scalar_one_or_none() or Plan()


def set_plan(connection: sa.Connection, project: str, model: str, plan: Plan) -> None:
    """Put `plan` in the place of the one before."""
    if not insert_ignore(connection, plans, {"project": project, "model": model, "plan": plan}):
        connection.execute(sa.update(plans).where(plans.c.project == project, plans.c.model == model).values(plan=plan))


def insert_retraining(connection: sa.Connection, retraining: Retraining) -> bool:
    """Insert it, unless its cause has one already; whether it was inserted."""
    return insert_ignore(connection, retrainings, msgspec.structs.asdict(retraining))


def update_retraining(connection: sa.Connection, retraining: Retraining) -> None:
    """Write its new state."""
    connection.execute(
        sa.update(retrainings).where(retrainings.c.id == retraining.id).values(**msgspec.structs.asdict(retraining))
    )


def get_retraining(connection: sa.Connection, project: str, id: str) -> Retraining | None:
    """The retraining with this id."""
    query = sa.select(retrainings).where(retrainings.c.project == project, retrainings.c.id == id)
    return _one(connection, query, Retraining)


def find_cause(connection: sa.Connection, project: str, cause: str) -> Retraining | None:
    """The retraining that a cause started."""
    query = sa.select(retrainings).where(retrainings.c.project == project, retrainings.c.cause == cause)
    return _one(connection, query, Retraining)


def list_retrainings(
    connection: sa.Connection, *, project: str = "", model: str = "", states: tuple[str, ...] = (), limit: int = 100
) -> list[Retraining]:
    """Retrainings, newest first."""
    query = sa.select(retrainings).order_by(retrainings.c.id.desc()).limit(limit)
    query = query.where(retrainings.c.project == project) if project else query
    query = query.where(retrainings.c.model == model) if model else query
    query = query.where(retrainings.c.state.in_(states)) if states else query
    return _all(connection, query, Retraining)


def insert_rollout(connection: sa.Connection, rollout: Rollout) -> bool:
    """Insert it; whether it was not there."""
    return insert_ignore(connection, rollouts, msgspec.structs.asdict(rollout))


def update_rollout(connection: sa.Connection, rollout: Rollout) -> None:
    """Write its new state."""
    connection.execute(sa.update(rollouts).where(rollouts.c.id == rollout.id).values(**msgspec.structs.asdict(rollout)))


def get_rollout(connection: sa.Connection, project: str, id: str) -> Rollout | None:
    """The rollout with this id."""
    return _one(connection, sa.select(rollouts).where(rollouts.c.project == project, rollouts.c.id == id), Rollout)


def list_rollouts(
    connection: sa.Connection, *, project: str = "", endpoint: str = "", unsettled: bool = False, limit: int = 100
) -> list[Rollout]:
    """Rollouts, newest first."""
    query = sa.select(rollouts).order_by(rollouts.c.id.desc()).limit(limit)
    query = query.where(rollouts.c.project == project) if project else query
    query = query.where(rollouts.c.endpoint == endpoint) if endpoint else query
    query = query.where(rollouts.c.settled.is_(False)) if unsettled else query
    return _all(connection, query, Rollout)


def _one(connection: sa.Connection, query: sa.Select[Any], type: type[T]) -> T | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else type(**row._mapping)


def _all(connection: sa.Connection, query: sa.Select[Any], type: type[T]) -> list[T]:
    return [type(**row._mapping) for row in connection.execute(query)]
