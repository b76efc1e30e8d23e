"""The registry: gapless numbers, verdicts before aliases, compare and set, helpful errors."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import model_toys
import msgspec
import pytest

from mainspring.domain.object import Digest
from mainspring.domain.package import Provenance
from mainspring.domain.verdict import Check, Verdict
from mainspring.kernel import canonical
from mainspring.kernel.names import InvalidRelativeName
from mainspring.models import ops, packages, trees
from mainspring.models.errors import (
    AliasMoved,
    AliasUnknown,
    LimitInvalid,
    ModelUnknown,
    NoPassingVerdict,
    PackageChanged,
    PackageInvalid,
    VerdictInvalid,
    VersionUnknown,
)
from mainspring.models.find import resolve
from mainspring.storage.objects import ObjectUnknown
from mainspring.workspace import Workspace, open_workspace

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two packages, made once: `small` of 5 trees, `large` of 20."""
    made = {}
    for name, iterations in (("small", 5), ("large", 20)):
        made[name] = tmp_path_factory.mktemp("packages") / name
        provenance = Provenance(snapshot="ab" * 32, datasets=("flights@1",), params={"iterations": iterations})
        packages.write(model_toys.model(iterations=iterations), made[name], provenance=provenance)
    return made


@pytest.fixture
def package(any_ws: Workspace, folders: dict[str, Path]) -> Digest:
    return trees.store(any_ws.objects, folders["small"])


@pytest.fixture
def other(any_ws: Workspace, folders: dict[str, Path]) -> Digest:
    return trees.store(any_ws.objects, folders["large"])


def verdict(*, passed: bool = True) -> Verdict:
    check = Check(name="error", value=1.0, passed=passed, message=f"1.0 {'below' if passed else 'above'} the margin")
    return Verdict(gate="error against mean", candidate="delay@1", baseline="mean", checks=(check,), passed=passed)


def test_versions_are_numbered_without_gaps(any_ws: Workspace, package: Digest, other: Digest) -> None:
    first = ops.register_version(any_ws, "delay", package=package, run_id="r1")
    second = ops.register_version(any_ws, "delay", package=other, run_id="r2")
    again = ops.register_version(any_ws, "delay", package=package, run_id="r1")

    assert [first.version, second.version, again.version] == [1, 2, 1]
    assert [version.version for version in ops.list_versions(any_ws, "delay")] == [2, 1]
    assert ops.show_model(any_ws, "delay").versions == 2
    assert first.dataset == "flights@1"
    assert first.size_bytes > 0


def test_a_package_that_is_not_there_is_not_registered(any_ws: Workspace, package: Digest) -> None:
    with pytest.raises(ObjectUnknown):
        ops.register_version(any_ws, "delay", package=Digest("0" * 64))
    with pytest.raises(PackageInvalid, match="not a folder"):
        ops.register_version(any_ws, "delay", package=any_ws.objects.put_bytes(b"no tree"))
    with pytest.raises(PackageInvalid, match=r"no package\.json"):
        ops.register_version(any_ws, "delay", package=any_ws.objects.put_bytes(b'{"entries":[],"version":1}'))

    assert ops.list_models(any_ws) == []


def test_a_package_without_all_its_files_is_refused(any_ws: Workspace, package: Digest) -> None:
    tree = trees.read_tree(any_ws.objects, package)
    entries = [msgspec.structs.replace(e, digest=Digest("0" * 64)) if e.path == "MLmodel" else e for e in tree.entries]
    torn = any_ws.objects.put_bytes(canonical.dumps(msgspec.structs.replace(tree, entries=tuple(entries))))

    with pytest.raises(PackageInvalid, match="its MLmodel is not in the object store"):
        ops.register_version(any_ws, "delay", package=torn)
    assert ops.list_models(any_ws) == []


def test_an_alias_needs_a_passing_verdict(any_ws: Workspace, package: Digest) -> None:
    ops.register_version(any_ws, "delay", package=package)

    with pytest.raises(NoPassingVerdict, match="no gate has judged it"):
        ops.set_alias(any_ws, "delay", alias="champion", version=1)
    ops.record_verdict(any_ws, "delay", 1, verdict=verdict(passed=False))
    with pytest.raises(NoPassingVerdict, match=r"did not pass: 1.0 above the margin") as refused:
        ops.set_alias(any_ws, "delay", alias="champion", version=1)
    assert refused.value.exit_code == 4

    ops.record_verdict(any_ws, "delay", 1, verdict=verdict())
    alias = ops.set_alias(any_ws, "delay", alias="champion", version=1, expected=0, reason="first")

    assert (alias.version, alias.previous, alias.reason) == (1, 0, "first")
    assert ops.show_version(any_ws, "delay", "champion").aliases == ("champion",)
    assert ops.show_version(any_ws, "delay", 1).passed is True


def test_the_newest_verdict_counts(any_ws: Workspace, package: Digest) -> None:
    ops.register_version(any_ws, "delay", package=package)
    ops.record_verdict(any_ws, "delay", 1, verdict=verdict())
    ops.record_verdict(any_ws, "delay", 1, verdict=verdict(passed=False))

    with pytest.raises(NoPassingVerdict):
        ops.set_alias(any_ws, "delay", alias="champion", version=1)
    assert [found.passed for found in ops.list_verdicts(any_ws, "delay", 1)] == [False, True]


def test_a_verdict_that_contradicts_its_checks_is_refused(any_ws: Workspace, package: Digest) -> None:
    ops.register_version(any_ws, "delay", package=package)
    lying = Verdict(gate="g", candidate="c", baseline="b", checks=verdict(passed=False).checks, passed=True)
    empty = Verdict(gate="g", candidate="c", baseline="b", checks=(), passed=True)

    for wrong in (lying, empty):
        with pytest.raises(VerdictInvalid):
            ops.record_verdict(any_ws, "delay", 1, verdict=wrong)


def test_an_alias_that_moved_meanwhile_is_not_overwritten(any_ws: Workspace, package: Digest, other: Digest) -> None:
    for digest in (package, other):
        version = ops.register_version(any_ws, "delay", package=digest)
        ops.record_verdict(any_ws, "delay", version.version, verdict=verdict())
    ops.set_alias(any_ws, "delay", alias="champion", version=2)

    with pytest.raises(AliasMoved, match="points to version 2, not 1") as conflict:
        ops.set_alias(any_ws, "delay", alias="champion", version=1, expected=1)

    assert conflict.value.exit_code == 5
    assert ops.show_version(any_ws, "delay", "champion").version == 2


def test_moving_an_alias_where_it_is_records_no_event(ws: Workspace, folders: dict[str, Path]) -> None:
    ops.register_version(ws, "delay", package=trees.store(ws.objects, folders["small"]))
    ops.record_verdict(ws, "delay", 1, verdict=verdict())

    first = ops.set_alias(ws, "delay", alias="champion", version=1)
    again = ops.set_alias(ws, "delay", alias="champion", version=1)

    assert first == again


def test_of_many_promotions_at_once_one_wins(any_ws: Workspace, package: Digest, other: Digest) -> None:
    for digest in (package, other):
        version = ops.register_version(any_ws, "delay", package=digest)
        ops.record_verdict(any_ws, "delay", version.version, verdict=verdict())
    outcomes: list[str] = []

    def promote(version: int) -> None:
        try:
            ops.set_alias(any_ws, "delay", alias="champion", version=version, expected=0)
            outcomes.append("moved")
        except AliasMoved:
            outcomes.append("refused")

    threads = [threading.Thread(target=promote, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["moved", "refused"]


def test_errors_say_what_is_there(any_ws: Workspace, package: Digest) -> None:
    ops.register_version(any_ws, "arrival-delay", package=package)
    ops.record_verdict(any_ws, "arrival-delay", 1, verdict=verdict())
    ops.set_alias(any_ws, "arrival-delay", alias="champion", version=1)

    with pytest.raises(ModelUnknown, match="did you mean 'arrival-delay'"):
        ops.show_model(any_ws, "arival-delay")
    with pytest.raises(VersionUnknown, match="no version 7; it has version 1 only"):
        ops.show_version(any_ws, "arrival-delay", 7)
    with pytest.raises(VersionUnknown):
        ops.show_version(any_ws, "arrival-delay", "9" * 30)
    with pytest.raises(AliasUnknown, match="did you mean 'champion'"):
        resolve(any_ws, "arrival-delay@champoin")
    with pytest.raises(LimitInvalid):
        ops.list_models(any_ws, limit=0)


def test_a_reference_finds_number_alias_default_and_newest(any_ws: Workspace, package: Digest, other: Digest) -> None:
    for digest in (package, other):
        ops.register_version(any_ws, "delay", package=digest)
    ops.record_verdict(any_ws, "delay", 1, verdict=verdict())
    ops.set_alias(any_ws, "delay", alias="champion", version=1)

    assert resolve(any_ws, "delay@2").version == 2
    assert resolve(any_ws, "delay@champion").version == 1
    assert resolve(any_ws, "delay", default="champion").version == 1
    assert resolve(any_ws, "delay").version == 2
    assert resolve(any_ws.in_project("elsewhere"), "default/delay@1").version == 1


def test_a_diff_tells_parameters_and_bytes(any_ws: Workspace, package: Digest, other: Digest) -> None:
    for digest in (package, other):
        ops.register_version(any_ws, "delay", package=digest)

    found = ops.diff(any_ws, a="delay@1", b="delay@2")
    same = ops.diff(any_ws, a="delay@1", b="delay@1")

    parameters = {d.name: (d.a, d.b) for d in found.differences if d.area == "parameters"}
    assert parameters == {"iterations": (5, 20), "max_iter": (5, 20)}
    assert "model.skops" in {d.name for d in found.differences if d.area == "bytes"}
    assert not found.identical_bytes
    assert same.identical_bytes
    assert same.differences == ()


def test_package_and_provenance_are_read_without_loading(ws: Workspace, folders: dict[str, Path]) -> None:
    ops.register_version(ws, "delay", package=trees.store(ws.objects, folders["small"]))

    assert ops.show_package(ws, "delay", 1).transform_entry == "delay_features:prepare"
    assert ops.show_provenance(ws, "delay", 1).params == {"iterations": 5}


def test_a_package_is_made_a_folder_once_and_checked_each_time(ws: Workspace, folders: dict[str, Path]) -> None:
    digest = trees.store(ws.objects, folders["small"])

    folder = packages.materialise(ws, digest)
    assert packages.materialise(ws, digest) == folder
    assert trees.store(ws.objects, folder) == digest

    file = folder / "model.skops"
    file.chmod(0o600)
    file.write_bytes(b"other")
    with pytest.raises(PackageChanged, match=r"model\.skops"):
        packages.materialise(ws, digest)


def test_a_link_is_not_stored(ws: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "passwd").symlink_to("/etc/passwd")

    with pytest.raises(PackageInvalid, match="not a plain file"):
        trees.store(ws.objects, folder)


def test_a_tree_cannot_name_files_outside(ws: Workspace) -> None:
    content = ws.objects.put_bytes(b"x")
    entry = {"path": "../escape", "digest": content, "size_bytes": 1}
    tree = ws.objects.put_bytes(canonical.dumps({"entries": [entry], "version": 1}))

    with pytest.raises(InvalidRelativeName, match=r"\.\./escape"):
        packages.materialise(ws, tree)
    assert not (ws.folder / "escape").exists()


PROMOTE = """
import sys
from pathlib import Path
from mainspring.models import ops
from mainspring.workspace import open_workspace
ops.set_alias(open_workspace(Path(sys.argv[1])), "delay", alias="champion", version=1, expected=0)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "moved"),
    [
        ("promotion.before_alias", False),
        ("promotion.after_alias", False),
        ("promotion.before_commit", False),
        ("promotion.after_commit", True),
    ],
)
def test_a_promotion_killed_anywhere_happened_whole_or_not(
    ws: Workspace, folders: dict[str, Path], point: str, moved: bool
) -> None:
    ops.register_version(ws, "delay", package=trees.store(ws.objects, folders["small"]))
    ops.record_verdict(ws, "delay", 1, verdict=verdict())

    command = [sys.executable, "-c", PROMOTE, str(ws.folder)]
    killed = subprocess.run(command, env=os.environ | {"MAINSPRING_FAULT": point}, check=False)

    assert killed.returncode == -9
    again = open_workspace(ws.folder)
    assert isinstance(again, Workspace)
    aliases = [alias.version for alias in ops.show_model(again, "delay").aliases]
    assert aliases == ([1] if moved else [])
    again.close()
