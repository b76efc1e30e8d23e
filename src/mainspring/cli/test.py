"""`mainspring test`: the project's tests, and whether its pipelines fit together."""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import click
import msgspec

from mainspring.cli.errors import FailedTests, NotAProject
from mainspring.cli.frame import command
from mainspring.cli.project import load_pipelines
from mainspring.cli.session import Session
from mainspring.cli.view import Page, Sentence, Table
from mainspring.kernel.errors import need

__all__ = ["COMMAND", "Checked", "Tested"]

_NO_TESTS = 5


class Checked(msgspec.Struct, frozen=True):
    """A pipeline whose steps fit together."""

    pipeline: str
    steps: tuple[str, ...]


class Tested(msgspec.Struct, frozen=True):
    """What was checked, and how many tests ran."""

    pipelines: tuple[Checked, ...]
    tests: int
    seconds: float


def _view(report: Tested) -> Page:
    rows = [(checked.pipeline, " -> ".join(checked.steps)) for checked in report.pipelines]
    said = f"{report.tests} tests passed in {report.seconds:.1f} s" if report.tests else "no tests in the folder tests"
    return [Table(("pipeline", "steps"), rows, empty="no pipelines"), Sentence(said, good=report.tests > 0 or None)]


@command("test", view=_view, examples=["mainspring test", "mainspring test -q"], then=lambda _: "mainspring run")
def COMMAND(session: Session) -> Tested:  # noqa: N802
    """Run the project's tests and check that its pipelines fit together.

    Each pipeline is put together with its default parameters, which checks the types between its steps without running
    one. Then pytest runs what is in the folder `tests`. Exits with 1 if a test fails, with 2 if a pipeline does not fit.
    """
    config = session.config
    if config.folder is None:
        raise NotAProject(folder=Path.cwd())
    pipelines = load_pipelines(config)
    checked = tuple(
        Checked(name, tuple(node.name for node in pipelines[name].graph().nodes)) for name in sorted(pipelines)
    )
    need("pytest", extra="ml")
    has_tests = (config.folder / "tests").is_dir()
    tests, seconds = _pytest(config.folder, quiet=session.quiet) if has_tests else (0, 0.0)
    return Tested(pipelines=checked, tests=tests, seconds=seconds)


def _pytest(folder: Path, *, quiet: bool) -> tuple[int, float]:
    """Run the folder's tests in a process of their own, their output on stderr; raises FailedTests."""
    with tempfile.TemporaryDirectory(prefix="mainspring-") as scratch:
        results = Path(scratch) / "results.xml"
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
        }
        words = [sys.executable, "-m", "pytest", "-q", f"--junitxml={results}", "tests"]
        with subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if not quiet:
                    click.echo(line, err=True, nl=False)
        suite = _suite(results)
    if process.returncode == _NO_TESTS:
        return 0, 0.0
    count, failed = int(suite.get("tests", "0")), int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
    if process.returncode:
        raise FailedTests(failed=failed or "all", count=count)
    return count, float(suite.get("time", "0"))


def _suite(results: Path) -> dict[str, str]:
    """The counts in pytest's own results file, which was just written by our child; empty if it wrote none."""
    if not results.exists():
        return {}
    # S314: not from outside, the child process wrote it a moment ago.
    found = ElementTree.parse(results).getroot().find("testsuite")  # noqa: S314
    return {} if found is None else dict(found.attrib)
