"""`mainspring reproduce`: a model version made again, byte by byte."""

import click

from mainspring.cli.frame import command
from mainspring.cli.models import model_names
from mainspring.cli.session import Session
from mainspring.cli.view import Fields, Page, Part, Sentence, Table, number
from mainspring.domain.trace import Reproduction

__all__ = ["COMMAND"]


def _view(made: Reproduction) -> Page:
    identical = made.verdict == "identical"
    said = "every byte of the package is the same" if identical else "the packages differ"
    differing = [(f.path, f.first_difference, number(f.differing_bytes)) for f in made.files if not f.identical]
    parts: list[Part] = [
        Sentence(f"{made.verdict}: {said}", good=identical),
        Fields(
            [
                ("version", made.version),
                ("recorded", made.recorded),
                ("rebuilt", made.rebuilt),
                ("files", len(made.files)),
                ("run", made.run_id),
                ("took", f"{made.seconds:.1f} s"),
            ]
        ),
    ]
    if differing:
        parts.append(Table(("file", "differs from byte", "bytes"), differing))
    if made.environment_changes:
        parts.append(Table(("changed in the environment",), [(change,) for change in made.environment_changes]))
    return parts


@command(
    "reproduce",
    view=_view,
    examples=["mainspring reproduce arrival-delay@1", "mainspring reproduce arrival-delay@champion --json"],
    exit_code=lambda made: 0 if made.verdict == "identical" else 4,
    names=model_names,
)
@click.argument("reference", metavar="NAME@VERSION")
def COMMAND(session: Session, *, reference: str) -> Reproduction:  # noqa: N802
    """Rebuild a model version and compare its bytes.

    Its pipeline runs again in new processes from the code, data and parameters on record, with nothing from the cache.
    Exits with 4 if a byte differs, and says in which file and where.
    """
    from mainspring.loop import ops
    from mainspring.models import ops as models

    with (
        session.open_reference(reference, needs_version=True) as (ws, parsed),
        session.waiting(f"reproducing {reference}"),
    ):
        version = models.show_version(ws, parsed.name, parsed.at)
        return ops.reproduce_version(ws, version.model, version.version)
