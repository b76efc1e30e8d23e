"""What a snapshot holds, and that steps run from it under the names their project has."""

import importlib
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import mainspring
from mainspring import pipelines, tracking
from mainspring.kernel.hashing import Digest
from mainspring.pipelines.errors import PipelineUnknown, ProjectUnreadable, SnapshotInvalid
from mainspring.pipelines.project import find_project
from mainspring.pipelines.snapshot import load_sources, materialise, read_sources, store
from mainspring.storage.objects import ObjectUnknown
from mainspring.workspace import Workspace, create_workspace
from pipelines.conftest import Project

FLOW = """
    import mainspring as ms

    @ms.step
    def where() -> list:
        from {package} import helper
        return [where.function.__module__, helper.__name__, helper.__file__, helper.WORD]

    @ms.pipeline
    def flow():
        return where()
"""


def test_sources_and_small_text_are_kept_and_nothing_else(project: Project) -> None:
    for name in ("flow.py", "pkg/mod.py", "conf/app.yaml", "notes.md", ".env", ".git/config", "pkg/__pycache__/mod.py"):
        project.write(name, "x = 1\n")
    project.write("venv/pyvenv.cfg", "")
    project.write("venv/lib.py", "")
    project.write(".mainspring/workspace.json", "{}")
    project.write("big.csv", "1," * (1 << 20))
    project.load()
    sources = read_sources(find_project("flow", pipeline="flow"))
    assert set(sources.files) == {"flow.py", "pkg/mod.py", "conf/app.yaml", "mainspring.toml"}
    assert sources.manifest.paths[0] == "."


def test_the_same_sources_are_the_same_snapshot_anywhere(ws: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("flow.py", "x = 1\n")
    project.write("deep/er.py", "y = 2\n")
    project.load()
    sources = read_sources(find_project("flow", pipeline="flow"))
    name = store(ws.objects, sources)
    loaded = load_sources(ws.objects, name)
    assert loaded == sources
    materialise(loaded, tmp_path / "copy")
    assert (tmp_path / "copy/deep/er.py").read_text() == "y = 2\n"
    with pytest.raises(ObjectUnknown):
        load_sources(ws.objects, Digest("0" * 64))
    with pytest.raises(SnapshotInvalid, match="is not a snapshot"):
        load_sources(ws.objects, ws.objects.put_bytes(b"{}"))


@pytest.mark.parametrize(("target", "reason"), [("../secret.py", "leaves it"), ("nothing.py", "leads nowhere")])
def test_links_that_leave_the_project_are_refused(project: Project, target: str, reason: str) -> None:
    (project.root.parent / "secret.py").write_text("")
    project.write("flow.py", "x = 1\n")
    project.load()
    (project.root / "link.py").symlink_to(target)
    with pytest.raises(SnapshotInvalid, match=f"the link 'link.py' {reason}"):
        read_sources(find_project("flow", pipeline="flow"))


def test_a_folder_inside_the_project_is_imported_from(
    ws: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("src/acme/__init__.py", "")
    project.write("src/acme/helper.py", "WORD = 'src'\n")
    project.write("src/acme/flow.py", FLOW.format(package="acme"))
    monkeypatch.syspath_prepend(str(project.root / "src"))
    run = project.load("acme.flow").flow.run(ws)
    module, helper, file, word = pipelines.load(ws, run.artifacts[0])
    assert (module, helper, word) == ("acme.flow", "acme.helper", "src")
    assert file.startswith(str(ws.folder / "scratch"))


def test_an_installed_package_is_replaced_by_its_snapshot(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site-packages"
    (folder / "acme_flows").mkdir(parents=True)
    (folder / "acme_flows/helper.py").write_text("WORD = 'installed'\n")
    _write(folder / "acme_flows/flow.py", "acme_flows")
    (folder / "other").mkdir()
    (folder / "other/big.py").write_text("")
    monkeypatch.syspath_prepend(str(folder))
    run = importlib.import_module("acme_flows.flow").flow.run(ws)
    module, helper, file, _ = pipelines.load(ws, run.artifacts[0])
    assert (module, helper) == ("acme_flows.flow", "acme_flows.helper")
    assert file.startswith(str(ws.folder / "scratch"))
    assert load_sources(ws.objects, Digest(run.snapshot)).manifest.package == "acme_flows"


def test_a_project_folder_inside_an_installed_package_is_a_project(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site-packages/acme/project"
    folder.mkdir(parents=True)
    (folder / "helper_of_acme.py").write_text("WORD = 'one'\n")
    _write(folder / "flow_of_acme.py", "helper_of_acme")
    text = (folder / "flow_of_acme.py").read_text()
    (folder / "flow_of_acme.py").write_text(
        text.replace("from helper_of_acme import helper", "import helper_of_acme as helper")
    )
    monkeypatch.syspath_prepend(str(folder))
    run = importlib.import_module("flow_of_acme").flow.run(ws)
    assert pipelines.load(ws, run.artifacts[0])[3] == "one"
    manifest = load_sources(ws.objects, Digest(run.snapshot)).manifest
    assert (manifest.package, manifest.paths, manifest.module) == ("", (".",), "flow_of_acme")


def test_a_package_of_mainspring_itself_is_a_project(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mainspring/sample"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "helper.py").write_text("WORD = 'one'\n")
    _write(folder / "inner/flow.py", "mainspring.sample")
    monkeypatch.setattr(mainspring, "__path__", [*mainspring.__path__, str(tmp_path / "mainspring")])
    first = importlib.import_module("mainspring.sample.inner.flow").flow.run(ws)
    module, helper, file, word = pipelines.load(ws, first.artifacts[0])
    assert (module, helper, word) == ("mainspring.sample.inner.flow", "mainspring.sample.helper", "one")
    assert file.startswith(str(ws.folder / "scratch"))
    assert sorted(load_sources(ws.objects, Digest(first.snapshot)).files) == [
        "__init__.py",
        "helper.py",
        "inner/flow.py",
    ]
    # An edit of the helper counts, and a reproduction needs no package to be installed.
    (folder / "helper.py").write_text("WORD = 'two'\n")
    second = sys.modules["mainspring.sample.inner.flow"].flow.run(ws)
    assert pipelines.load(ws, second.artifacts[0])[3] == "two"
    again = pipelines.run_snapshot(ws, first.snapshot, "flow", {}, {}, use_cache=False)
    assert pipelines.load(ws, again.artifacts[0])[3] == "one"


def test_a_script_may_run_its_own_pipeline(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    project.write(
        "script.py",
        f"""
        from pathlib import Path
        import mainspring as ms
        from mainspring import tracking
        from mainspring.workspace import create_workspace

        @ms.step
        def add(*, n: int = 1) -> int:
            return n + 1

        @ms.pipeline
        def flow(*, n: int = 1):
            return add(n=n)

        flow.run(create_workspace(Path({str(folder)!r})), n=5)
        print("done")
        """,
    )
    for _ in range(2):
        subprocess.run([sys.executable, "script.py"], cwd=project.root, check=True)
    project.change("script.py", 'print("done")', 'print("finished")')
    subprocess.run([sys.executable, "script.py"], cwd=project.root, check=True)
    ws = create_workspace(folder)
    steps = tracking.list_runs(ws, kind="step")
    assert [bool(step.cached_from) for step in steps] == [True, True, False]
    assert pipelines.load(ws, steps[0].artifacts[0]) == 6
    ws.close()


def test_a_file_that_is_not_python_stops_the_run_before_it_starts(ws: Workspace, project: Project) -> None:
    project.write("helper.py", "VALUE = 1\n")
    project.write(
        "flow.py",
        """
        import mainspring as ms
        import helper

        @ms.step
        def one() -> int:
            return helper.VALUE

        @ms.pipeline
        def flow():
            return one()
        """,
    )
    module = project.load()
    project.write("helper.py", "VALUE = = 1\n")
    with pytest.raises(ProjectUnreadable, match=r"helper\.py:1: invalid syntax"):
        module.flow.run(ws)
    assert tracking.list_runs(ws) == []


def test_an_unknown_pipeline_of_a_snapshot_is_named(ws: Workspace, project: Project) -> None:
    project.write("flow.py", "x = 1\n")
    project.load()
    name = store(ws.objects, read_sources(find_project("flow", pipeline="flow")))
    with pytest.raises(PipelineUnknown, match="there is no pipeline 'fly' in flow"):
        pipelines.run_snapshot(ws, name, "fly", {}, {})


def _write(path: Path, package: str) -> None:
    path.write_text(textwrap.dedent(FLOW.format(package=package)))
