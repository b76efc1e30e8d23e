"""`mainspring up`: the server, its pages and its controllers."""

import click
import msgspec

from mainspring.cli.errors import LocalOnly
from mainspring.cli.frame import command
from mainspring.cli.session import Session
from mainspring.cli.view import Page, Sentence

__all__ = ["COMMAND", "DEFAULT_PORT", "Served"]

DEFAULT_PORT = 4700


class Served(msgspec.Struct, frozen=True):
    """Where a server answered until it was stopped."""

    url: str


def _view(served: Served) -> Page:
    return [Sentence(f"{served.url} is closed")]


@command(
    "up",
    view=_view,
    examples=[
        "mainspring up",
        "mainspring up --port 0",
        "mainspring up --host 0.0.0.0 --auth --allow-host models.example.org",
    ],
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0 picks a free one."
)
@click.option("--auth", is_flag=True, help="Ask everyone for a token; needed for any address but this machine's own.")
@click.option(
    "--allow-host", "hosts", multiple=True, metavar="NAME", help="A further name this server may be called by."
)
def COMMAND(session: Session, *, host: str, port: int, auth: bool, hosts: tuple[str, ...]) -> Served:  # noqa: N802
    """Serve pages, API and protocols, and keep endpoints running.

    Runs until Ctrl-C. Its address is the first line on stdout, once it answers there. One server holds a workspace.
    """
    from mainspring.server.run import serve

    if session.is_remote:
        raise LocalOnly(command="up", workspace=session.workspace)
    address = ""

    def announce(url: str) -> None:
        nonlocal address
        address = url
        session.announce(url)

    with session.open_project() as ws:
        try:
            serve(ws, host=host, port=port, auth_required=auth, hosts=hosts, announce=announce)
        except KeyboardInterrupt:
            # Ctrl-C is how a server is meant to end; before it answered it is an interruption like any other.
            if not address:
                raise
    return Served(url=address)
