"""`mainspring doctor`: whether this machine and this workspace are sound."""

import time
from pathlib import Path

import click
import msgspec

from mainspring.cli.frame import command
from mainspring.cli.health import Finding, check_machine, check_port, check_workspace
from mainspring.cli.session import Session
from mainspring.cli.up import DEFAULT_PORT
from mainspring.cli.view import Page, Sentence, Table
from mainspring.kernel.errors import MainspringError, NotFound

__all__ = ["COMMAND", "Diagnosis"]


class Diagnosis(msgspec.Struct, frozen=True):
    """Everything looked at; healthy when nothing of it is wrong."""

    healthy: bool
    findings: tuple[Finding, ...]


def _view(diagnosis: Diagnosis) -> Page:
    rows = [(f.check, f.state, f.message, f.fix) for f in diagnosis.findings]
    wrong = sum(f.state == "wrong" for f in diagnosis.findings)
    last = "all is well" if diagnosis.healthy else f"{wrong} wrong"
    return [Table(("check", "is", "found", "fix"), rows), Sentence(last, good=diagnosis.healthy)]


@command(
    "doctor",
    view=_view,
    examples=["mainspring doctor", "mainspring doctor --every-object --workspace /srv/mainspring"],
    exit_code=lambda diagnosis: 0 if diagnosis.healthy else 1,
)
@click.option("--every-object", is_flag=True, help="Read every object, not a sample of 100.")
def COMMAND(session: Session, *, every_object: bool) -> Diagnosis:  # noqa: N802
    """Check that this machine and this workspace are sound.

    Looks at versions against the bounds tested, disk, clock, the folder's permissions, the server's port, the database,
    its schema, objects against their names, and the chain of events. Exits with 1 if anything is wrong.
    """
    folder = Path("." if session.is_remote else session.workspace)
    findings = [*check_machine(folder, now_ms=time.time_ns() // 1_000_000), check_port("127.0.0.1", DEFAULT_PORT)]
    findings += _server(session) if session.is_remote else _workspace(session, every_object=every_object)
    return Diagnosis(healthy=all(f.state != "wrong" for f in findings), findings=tuple(findings))


def _workspace(session: Session, *, every_object: bool) -> list[Finding]:
    try:
        with session.open() as ws:
            return list(check_workspace(ws, every_object=every_object))
    except NotFound as error:
        return [Finding("workspace", "note", error.message, error.next_step)]
    except MainspringError as error:
        return [Finding("workspace", "wrong", error.message, error.next_step)]


def _server(session: Session) -> list[Finding]:
    from mainspring.governance import ops

    try:
        with session.open() as ws:
            report = ops.verify_events(ws)
    except MainspringError as error:
        return [Finding("server", "wrong", error.message, error.next_step)]
    chain = f"events of {report.project}"
    if report.valid:
        return [Finding("server", "ok", "answers"), Finding(chain, "ok", f"{report.events:,} verify")]
    return [Finding("server", "ok", "answers"), Finding(chain, "wrong", report.reason, "restore a backup")]
