"""`mainspring init`: a new project that runs, tests and deploys as it is."""

import secrets
import shutil
from pathlib import Path

import click
import msgspec

from mainspring.cli.errors import FolderNotEmpty, TemplateUnknown
from mainspring.cli.frame import command
from mainspring.cli.houses import houses_csv
from mainspring.cli.session import Session
from mainspring.cli.view import Page, Table
from mainspring.kernel.names import check_name

__all__ = ["COMMAND", "NewProject", "make_project"]

_TEMPLATES = Path(__file__).parent / "templates"
_NAMES = {"gitignore": ".gitignore"}


class NewProject(msgspec.Struct, frozen=True):
    """A folder that was made, and its files."""

    name: str
    folder: str
    files: tuple[str, ...]


def _view(project: NewProject) -> Page:
    return [Table((project.folder,), [(file,) for file in project.files])]


@command(
    "init",
    view=_view,
    examples=["mainspring init prices", "mainspring init prices --template table"],
    then=lambda project: f"cd {project.folder} && mainspring test && mainspring run && mainspring deploy",
)
@click.argument("name")
@click.option(
    "--template", default="table", show_default=True, help="What to begin with: table (regression on a CSV file)."
)
def COMMAND(session: Session, *, name: str, template: str) -> NewProject:  # noqa: N802, ARG001
    """Make a new project that runs, tests and deploys as it is.

    The folder holds a pipeline of typed steps, its test, a small data file and a mainspring.toml. Nothing outside of it
    is touched; a folder that exists and is not empty is refused.
    """
    return make_project(check_name(name), template=template, parent=Path())


def make_project(name: str, *, template: str, parent: Path) -> NewProject:
    """Make the folder `name` below `parent` from a template; raises TemplateUnknown, FolderNotEmpty."""
    known = sorted(path.name for path in _TEMPLATES.iterdir() if path.is_dir())
    if template not in known:
        raise TemplateUnknown(name=template, known=", ".join(known))
    folder = parent / name
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise FolderNotEmpty(path=folder)
    temporary = folder.with_name(f".{name}.{secrets.token_hex(8)}")
    try:
        files = _copy(_TEMPLATES / template, temporary, name=name)
        # Replaces an empty folder, and fails where somebody filled it meanwhile.
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return NewProject(name=name, folder=str(folder), files=tuple(files))


def _copy(template: Path, folder: Path, *, name: str) -> list[str]:
    """Write the template's files with NAME filled in, and its data; their names, sorted."""
    files = []
    for source in sorted(template.rglob("*")):
        if source.is_dir() or "__pycache__" in source.parts:
            continue
        relative = source.relative_to(template)
        target = folder / relative.with_name(_NAMES.get(relative.name, relative.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text(encoding="utf-8").replace("{{name}}", name), encoding="utf-8")
        files.append(target.relative_to(folder).as_posix())
    data = folder / "data" / "houses.csv"
    data.parent.mkdir(parents=True, exist_ok=True)
    data.write_text(houses_csv(), encoding="utf-8")
    return sorted([*files, "data/houses.csv"])
