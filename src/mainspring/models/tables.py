"""The tables of models, versions, aliases and verdicts, and every query on them."""

from typing import Any

import sqlalchemy as sa

from mainspring.domain.model import Alias, ModelVersion, RegisteredModel
from mainspring.domain.verdict import Verdict
from mainspring.storage.database import StructColumn, insert_ignore, metadata

__all__ = [
    "add_verdict",
    "add_version",
    "aliases",
    "find_alias",
    "find_model",
    "find_registered",
    "find_version",
    "latest_verdict",
    "lock_model",
    "models",
    "move_alias",
    "names",
    "numbers",
    "select_models",
    "select_verdicts",
    "select_versions",
    "take_number",
    "verdicts",
    "versions",
]

models = sa.Table(
    "models",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("versions", sa.BigInteger, nullable=False),
)
versions = sa.Table(
    "model_versions",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("package", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("flavour", sa.Text, nullable=False),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("project", "model", "package", "run_id"),
    sa.Index("ix_model_versions_run_id", "run_id"),
)
aliases = sa.Table(
    "model_aliases",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("alias", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("previous", sa.BigInteger, nullable=False),
    sa.Column("moved_ms", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("passed", sa.Boolean, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("verdict", StructColumn(Verdict), nullable=False),
)
_VERSION_FIELDS = ("model", "version", "package", "run_id", "created_ms", "flavour", "task", "dataset", "size_bytes")


def take_number(conn: sa.Connection, project: str, model: str, *, at_ms: int) -> int:
    """The next version number of a model, made if new; gapless, since its row stays locked to the end of the change."""
    insert_ignore(conn, models, {"project": project, "name": model, "created_ms": at_ms, "versions": 0})
    mine = (models.c.project == project) & (models.c.name == model)
    number = int(conn.execute(sa.select(models.c.versions).where(mine).with_for_update()).scalar_one()) + 1
    conn.execute(sa.update(models).where(mine).values(versions=number))
    return number


def add_version(conn: sa.Connection, project: str, version: ModelVersion) -> None:
    """Insert a version under a number that was taken."""
    values = {name: getattr(version, name) for name in _VERSION_FIELDS}
    conn.execute(sa.insert(versions).values(project=project, **values))


def lock_model(conn: sa.Connection, project: str, model: str) -> None:
    """Let no other change touch this model's aliases and verdicts until this one ends."""
    conn.execute(sa.select(models.c.name).where(models.c.project == project, models.c.name == model).with_for_update())


def find_registered(conn: sa.Connection, project: str, model: str, *, package: str, run_id: str) -> int | None:
    """The number under which a package of a run is registered already."""
    mine = (versions.c.project == project) & (versions.c.model == model)
    same = (versions.c.package == package) & (versions.c.run_id == run_id)
    return conn.execute(sa.select(versions.c.version).where(mine, same)).scalar_one_or_none()


def find_model(conn: sa.Connection, project: str, name: str) -> RegisteredModel | None:
    """A model with its aliases."""
    found = conn.execute(sa.select(models).where(models.c.project == project, models.c.name == name)).one_or_none()
    if found is None:
        return None
    return _registered(found, _aliases_of(conn, project, [name]))


def select_models(conn: sa.Connection, project: str, *, after: str, limit: int) -> list[RegisteredModel]:
    """Models by name, from the one after `after`."""
    query = sa.select(models).where(models.c.project == project, models.c.name > after).order_by(models.c.name)
    rows = conn.execute(query.limit(limit)).all()
    found = _aliases_of(conn, project, [row.name for row in rows])
    return [_registered(row, found) for row in rows]


def names(conn: sa.Connection, project: str, *, limit: int = 200) -> list[str]:
    """Names of models, for suggestions."""
    query = sa.select(models.c.name).where(models.c.project == project).order_by(models.c.name).limit(limit)
    return list(conn.execute(query).scalars())


def numbers(conn: sa.Connection, project: str, model: str) -> int:
    """How many versions a model has; they are numbered from 1 without gaps."""
    query = sa.select(models.c.versions).where(models.c.project == project, models.c.name == model)
    return int(conn.execute(query).scalar_one_or_none() or 0)


def find_version(conn: sa.Connection, project: str, model: str, version: int) -> ModelVersion | None:
    """One version, with its aliases and its latest verdict."""
    mine = (versions.c.project == project) & (versions.c.model == model) & (versions.c.version == version)
    row = conn.execute(sa.select(versions).where(mine)).one_or_none()
    return None if row is None else _with_standing(conn, project, model, [row])[0]


def select_versions(conn: sa.Connection, project: str, model: str, *, before: int, limit: int) -> list[ModelVersion]:
    """Versions of a model, newest first, below number `before` (0: from the newest)."""
    query = sa.select(versions).where(versions.c.project == project, versions.c.model == model)
    if before:
        query = query.where(versions.c.version < before)
    rows = conn.execute(query.order_by(versions.c.version.desc()).limit(limit)).all()
    return _with_standing(conn, project, model, rows)


def find_alias(conn: sa.Connection, project: str, model: str, alias: str) -> Alias | None:
    """Where an alias points."""
    mine = (aliases.c.project == project) & (aliases.c.model == model) & (aliases.c.alias == alias)
    row = conn.execute(sa.select(aliases).where(mine)).one_or_none()
    return None if row is None else _alias(row)


def move_alias(conn: sa.Connection, project: str, alias: Alias) -> None:
    """Point an alias, made if new."""
    values = {name: getattr(alias, name) for name in alias.__struct_fields__}
    if not insert_ignore(conn, aliases, {"project": project, **values}):
        mine = (aliases.c.project == project) & (aliases.c.model == alias.model) & (aliases.c.alias == alias.alias)
        conn.execute(sa.update(aliases).where(mine).values(**values))


def add_verdict(conn: sa.Connection, project: str, model: str, version: int, verdict: Verdict) -> None:
    """Append a verdict to those of a version, whose model is locked."""
    mine = (verdicts.c.project == project) & (verdicts.c.model == model) & (verdicts.c.version == version)
    number = int(conn.execute(sa.select(sa.func.max(verdicts.c.number)).where(mine)).scalar_one() or 0) + 1
    values = {"number": number, "id": verdict.id, "passed": verdict.passed, "at_ms": verdict.at_ms, "verdict": verdict}
    conn.execute(sa.insert(verdicts).values(project=project, model=model, version=version, **values))


def latest_verdict(conn: sa.Connection, project: str, model: str, version: int) -> Verdict | None:
    """The newest verdict of a version: it is the one that counts."""
    found = select_verdicts(conn, project, model, version, limit=1)
    return found[0] if found else None


def select_verdicts(conn: sa.Connection, project: str, model: str, version: int, *, limit: int) -> list[Verdict]:
    """Verdicts of a version, newest first."""
    mine = (verdicts.c.project == project) & (verdicts.c.model == model) & (verdicts.c.version == version)
    query = sa.select(verdicts.c.verdict).where(mine).order_by(verdicts.c.number.desc()).limit(limit)
    return list(conn.execute(query).scalars())


def _with_standing(conn: sa.Connection, project: str, model: str, rows: Any) -> list[ModelVersion]:
    if not rows:
        return []
    shown = [row.version for row in rows]
    pointing: dict[int, list[str]] = {}
    for alias in _aliases_of(conn, project, [model]):
        pointing.setdefault(alias.version, []).append(alias.alias)
    judged = sa.select(verdicts.c.version, verdicts.c.passed).where(
        verdicts.c.project == project, verdicts.c.model == model, verdicts.c.version.in_(shown)
    )
    # The newest comes last and stays.
    passed = {row.version: bool(row.passed) for row in conn.execute(judged.order_by(verdicts.c.number))}
    return [
        ModelVersion(
            **{name: getattr(row, name) for name in _VERSION_FIELDS},
            aliases=tuple(pointing.get(row.version, ())),
            passed=passed.get(row.version),
        )
        for row in rows
    ]


def _aliases_of(conn: sa.Connection, project: str, names: list[str]) -> list[Alias]:
    query = sa.select(aliases).where(aliases.c.project == project, aliases.c.model.in_(names))
    return [_alias(row) for row in conn.execute(query.order_by(aliases.c.model, aliases.c.alias))]


def _alias(row: Any) -> Alias:
    return Alias(**{name: getattr(row, name) for name in Alias.__struct_fields__})


def _registered(row: Any, found: list[Alias]) -> RegisteredModel:
    mine = tuple(alias for alias in found if alias.model == row.name)
    return RegisteredModel(name=row.name, created_ms=row.created_ms, versions=row.versions, aliases=mine)
