"""How a command ends badly: one sentence on stderr, an exit code that says which kind, no traceback unless asked."""

import contextlib
import errno
import os
import tempfile
import traceback
from collections.abc import Mapping
from typing import Any

import click

from mainspring.cli.output import clean
from mainspring.cli.session import Session
from mainspring.cli.suggest import suggestion
from mainspring.kernel.errors import MainspringError

__all__ = ["EXIT_CODES", "report"]

EXIT_CODES: dict[int, str] = {
    0: "done",
    1: "the work itself failed",
    2: "wrong usage or wrong input",
    3: "what was named does not exist",
    4: "a gate or a validation refused",
    5: "conflict: somebody else was first",
    6: "not authorised",
    7: "unavailable, try again",
    130: "interrupted",
}

_OF_THE_MACHINE = (errno.EACCES, errno.EDQUOT, errno.EMFILE, errno.ENOSPC, errno.EPERM, errno.EROFS)
"""What the machine refuses, and no defect of ours: rights, space, open files."""


def report(error: BaseException, session: Session) -> int:
    """Print `error` for a person (and as JSON where that was asked for) and return the exit code."""
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else 1
        case click.exceptions.Exit():
            return error.exit_code
        case click.Abort() | KeyboardInterrupt():
            return _print(session, "interrupted", "interrupted", "nothing half-done is left behind", 130)
        case MainspringError():
            if session.verbose:
                traceback.print_exception(error)
            hint = suggestion(error, session) + error.next_step
            return _print(session, error.code, error.message, hint, error.exit_code, error.fields)
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return error.exit_code
        case click.ClickException():
            ctx = getattr(error, "ctx", None)
            hint = f"see: {ctx.command_path} --help" if ctx else "see: mainspring --help"
            return _print(session, "usage", error.format_message(), hint, error.exit_code)
        case OSError(errno=number) if number in _OF_THE_MACHINE:
            if session.verbose:
                traceback.print_exception(error)
            where = f": {error.filename}" if error.filename else ""
            return _print(session, "system", f"{error.strerror}{where}", "see: mainspring doctor", 1)
        case _:
            return _print_unexpected(error, session)


def _print_unexpected(error: BaseException, session: Session) -> int:
    """A fault of ours: one line, with the traceback in a file of the user's own."""
    hint = "please report it"
    if session.verbose:
        traceback.print_exception(error)
    else:
        with contextlib.suppress(OSError):
            handle, path = tempfile.mkstemp(prefix="mainspring-", suffix=".txt")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.writelines(traceback.format_exception(error))
            hint = f"the traceback is in {path}; -v shows it"
    return _print(session, "unexpected", f"{type(error).__name__}: {error}", hint, 1)


# Any: an error's fields are what its template names.
def _print(
    session: Session, code: str, message: str, hint: str, exit_code: int, fields: Mapping[str, Any] | None = None
) -> int:
    # A failed step's own lines stay lines; a message is one otherwise.
    told = "\n".join(map(clean, message.splitlines()))
    click.echo(f"{code}: {told}" + (f"; {clean(hint)}" if hint else ""), err=True)
    if session.json:
        from mainspring.cli.wire import encode_error

        click.echo(encode_error(code, message, hint, fields or {}))
    return exit_code
