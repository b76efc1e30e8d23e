"""What a step uses beyond what its source shows: files and folders of the project, modules, variables of the environment.

An audit hook sees Python's own `open`, folder listings, connections and child processes; a wrapper of `os.environ` sees
variables, and the readers of polars and pyarrow tell the paths they are given (`natives`). Other native code is not seen: a
project file that reached source names counts anyway, and datasets come as inputs. What is used and cannot be verified later makes the step `leaky`: never cached.
"""

import os
import sys
from typing import Any

from mainspring.pipelines.protocol import Use

__all__ = ["Recorder"]

_READERS = ("<frozen os>", "<frozen _collections_abc>", os.__file__)
_SYSTEM = ("/usr/", "/lib", "/etc/", "/proc/", "/sys/", "/dev/", "/opt/", "/bin/", "/sbin/")
# Asked by libraries for their own ends; a step that reads one of them in its own code depends on it all the same.
_NOISE = (
    "PATH",
    "HOME",
    "TMPDIR",
    "TMP",
    "TEMP",
    "PWD",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "COLUMNS",
    "LINES",
    "LANG",
)
_NOISE_PREFIXES = (
    "LC_",
    "PYTHON",
    "OMP_",
    "MKL_",
    "OPENBLAS_",
    "POLARS_",
    "NUMEXPR_",
    "MAINSPRING_",
    "XDG_",
    "COVERAGE_",
)
_PROBES = frozenset({"lscpu", "uname", "ldconfig", "nproc", "lsb_release"})
_INTERNET = frozenset({2, 10})


class Recorder:
    """Collects uses from `install` on; a forked child goes on with what its server saw while it imported the project."""

    def __init__(self, root: str, *, allowed: tuple[str, ...]) -> None:
        self.uses: set[Use] = set()
        self.leaks: set[str] = set()
        self.loading = True
        self._root = root.rstrip("/") + "/"
        self._written: set[str] = set()
        prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path, *allowed}
        self._allowed = tuple(sorted({p.rstrip("/") + "/" for p in prefixes if p})) + _SYSTEM

    def install(self) -> None:
        """Begin; there is no end, for an audit hook stays for the life of its process."""
        sys.addaudithook(self.hear)
        recorder = self

        class Environment(type(os.environ)):  # type: ignore[misc]
            def __getitem__(self, name: str) -> str:
                recorder._read_variable(name)
                return str(super().__getitem__(name))

        os.environ.__class__ = Environment

    def modules(self, known: frozenset[str]) -> set[Use]:
        """The project's modules that are loaded and that `known` does not cover."""
        found = set()
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name not in known and isinstance(file, str) and file.startswith(self._root):
                found.add(Use("module", name))
        return found

    def read_native(self, path: str) -> None:
        """Native code is about to read `path`, a file or an address."""
        if "://" in path and not path.startswith("file://"):
            self.leaks.add(f"the address {path}"[:300])
        else:
            self._used(os.path.abspath(path.removeprefix("file://")), writes=False)

    # Any: each audit event has its own arguments.
    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Take note of an audit event, of those that tell of a use."""
        match event:
            case "open":
                self._opened(args[0], str(args[1] or ""), int(args[2] or 0))
            case "os.listdir" | "os.scandir":
                self._listed(args[0])
            case "socket.connect":
                if args[0].family in _INTERNET:
                    self.leaks.add(f"a connection to {args[1]!r}"[:200])
            case "sqlite3.connect":
                if not str(args[0]).startswith(":memory:"):
                    self.leaks.add(f"the database {args[0]!r}"[:200])
            case "subprocess.Popen":
                name = os.path.basename(str(args[0] or (args[1] or [""])[0]))
                if name not in _PROBES:
                    self.leaks.add(f"the process {name!r}"[:200])
            case "os.system":
                self.leaks.add("a shell command")

    def _opened(self, given: Any, mode: str, flags: int) -> None:
        path = _absolute(given)
        if path is None or _by_import():
            return
        self._used(path, writes=bool(set(mode) & set("wax+")) or bool(flags & (os.O_WRONLY | os.O_RDWR)))

    def _used(self, path: str, *, writes: bool) -> None:
        if path.startswith(self._root):
            name = path[len(self._root) :]
            if writes:
                self.leaks.add(f"writing to the project's file {name}")
            else:
                self.uses.add(Use("file", name))
        elif writes:
            self._written.add(path)
        elif path not in self._written and not path.startswith(self._allowed):
            self.leaks.add(f"the file {path}"[:300])

    def _listed(self, given: Any) -> None:
        path = _absolute("." if given is None else given)
        if path is not None and not _by_import() and (path + "/").startswith(self._root):
            self.uses.add(Use("folder", path[len(self._root) :]))

    def _read_variable(self, name: str) -> None:
        frame = sys._getframe(2)
        while frame.f_back is not None and frame.f_code.co_filename in _READERS:
            frame = frame.f_back
        own = frame.f_code.co_filename.startswith(self._root)
        noise = name in _NOISE or name.startswith(_NOISE_PREFIXES)
        if own or not (self.loading or noise):
            self.uses.add(Use("variable", name))


def _absolute(given: Any) -> str | None:
    """A path as absolute text, or None for a descriptor."""
    if isinstance(given, int):
        return None
    try:
        return os.path.abspath(os.fsdecode(given))
    except (TypeError, ValueError, OSError):
        return None


def _by_import() -> bool:
    """Whether Python's import system is what asks: modules are counted as such, not as files."""
    return sys._getframe(3).f_code.co_filename.startswith("<frozen importlib")
