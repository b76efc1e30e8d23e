"""The static identity of a step's code: every statement of the project that can matter to it, found without importing.

From the step's function, names are followed through the project's modules; only statements reached count, without
positions and docstrings. Statements that do more than bind a name when their module is imported count for every step that
imports the module. What cannot be seen in the source (a module imported by a computed name, a file, a variable of the
environment) is recorded while the step runs; see `recording`.
"""

import ast
from collections.abc import Iterator

import msgspec

from mainspring.kernel.hashing import Digest, digest_of
from mainspring.pipelines.entry import definitions
from mainspring.pipelines.errors import ProjectUnreadable
from mainspring.pipelines.modules import Import, Module, Statement
from mainspring.pipelines.snapshot import Sources

__all__ = ["Code", "Identity"]


class Identity(msgspec.Struct, frozen=True):
    """A step's code: the digest of all that was reached, the outside packages it uses, and the modules it imports."""

    digest: Digest
    packages: tuple[str, ...]
    imported: tuple[str, ...]


class Code:
    """The modules of a snapshot, parsed as they are needed."""

    def __init__(self, sources: Sources) -> None:
        self._files = sources.files
        self._entry = sources.manifest.module
        self.paths = dict(_module_paths(sources))
        # Folders without an __init__.py are packages too; above a package that a snapshot stands for, nothing is its own.
        prefixes = set() if sources.manifest.package else {p for name in self.paths for p in _prefixes(name)}
        self._own = frozenset({*self.paths, *prefixes})
        self._keeps_docstrings = any(b"__doc__" in data for name, data in sources.files.items() if name.endswith(".py"))
        self._modules: dict[str, Module | None] = {}
        self._identities: dict[str, Identity] = {}
        self._texts: dict[str, list[str]] = {}
        for path in self._files:
            if not path.endswith(".py"):
                self._texts.setdefault(path.rpartition("/")[2], []).append(path)

    def module(self, name: str) -> Module | None:
        """A module of the project, or None; raises ProjectUnreadable where its source is not Python."""
        if name not in self._modules:
            path = self.paths.get(name)
            self._modules[name] = self._parse(name, path) if path else None
        return self._modules[name]

    def is_module(self, name: str) -> bool:
        """Whether `name` is a module or package of the project."""
        return name in self._own

    def tree(self, name: str) -> ast.Module:
        """The syntax tree of a module of the project, as a worker executes it."""
        path = self.paths[name]
        try:
            tree = ast.parse(self._files[path], filename=path)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", 0) or 0
            raise ProjectUnreadable(file=path, line=line, reason=f"{getattr(error, 'msg', error)}") from error
        return definitions(tree) if name == self._entry else tree

    def whole_digest(self, name: str) -> str:
        """Digest of a whole module's normalised source, empty where there is none."""
        module = self.module(name)
        if module is None:
            return ""
        return digest_of([sorted(module.imported), [statement.normal for statement in module.statements]])

    def identity(self, function: str) -> Identity:
        """The identity of a step, `module:name`."""
        if function not in self._identities:
            module, _, symbol = function.partition(":")
            self._identities[function] = _Search(self, self._entry).run(module, symbol)
        return self._identities[function]

    def files_named(self, text: str) -> list[tuple[str, Digest]]:
        """Project files that a text in the code may name, with the digests of their bytes."""
        name = text.rpartition("/")[2]
        return [
            (path, digest_of(self._files[path]))
            for path in self._texts.get(name, [])
            if f"/{path}".endswith("/" + text.removeprefix("./"))
        ]

    def _parse(self, name: str, path: str) -> Module:
        is_package = path.endswith("__init__.py")
        module = Module(name, self.tree(name), is_package=is_package, own=self._own)
        for statement in module.statements:
            statement.keeps_docstrings = self._keeps_docstrings
        return module


class _Search:
    """One walk from a step through everything it reaches."""

    def __init__(self, code: Code, entry: str) -> None:
        self._code = code
        self._entry = entry
        self._seen: set[tuple[str, int]] = set()
        self._found: dict[str, list[tuple[int, str]]] = {}
        self._links: set[tuple[str, ...]] = set()
        self._packages: set[str] = set()
        self._executed: set[str] = set()
        self._pending: list[tuple[Module, Statement]] = []

    def run(self, module: str, symbol: str) -> Identity:
        """Follow everything; the result."""
        self._execute(self._entry)
        self._execute(module)
        self._reach(module, symbol)
        while self._pending:
            self._follow(*self._pending.pop())
        code = {name: [text for _, text in sorted(found)] for name, found in self._found.items()}
        return Identity(
            digest=digest_of([code, sorted(self._links)]),
            packages=tuple(sorted(self._packages)),
            imported=tuple(sorted(self._executed)),
        )

    def _execute(self, name: str) -> None:
        """What importing a module brings: its parents, its own imports, and every statement with an effect."""
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            part = ".".join(parts[:count])
            module = self._code.module(part)
            if module is None or part in self._executed:
                continue
            self._executed.add(part)
            for imported in module.imported:
                self._execute(imported)
            for statement in module.statements:
                if statement.effect:
                    self._add(module, statement)
            self._add_unused_imports(module)

    def _add_unused_imports(self, module: Module) -> None:
        """An outside package that is imported and never named is imported for what its import does."""
        for name, found in module.imports.items():
            if name not in module.named:
                for item in found:
                    if not self._code.is_module(item.module):
                        self._outside(item.module)

    def _reach(self, name: str, symbol: str) -> None:
        """Whatever `symbol` means at the top of module `name`."""
        module = self._code.module(name)
        if module is None:
            self._outside(name)
            return
        statements = module.symbols.get(symbol, [])
        for statement in statements:
            self._add(module, statement)
        for item in module.imports.get(symbol, []):
            self._links.add((name, symbol, item.module, item.symbol))
            self._resolve(item, [])
        if not statements and symbol not in module.imports:
            for star in module.stars:
                self._links.add((name, "*", star))
                self._reach(star, symbol)
        if module.reflects:
            self._whole(module)

    def _resolve(self, item: Import, rest: list[str]) -> None:
        """Follow an imported name and the attributes taken of it."""
        name, attributes = item.module, [item.symbol, *rest] if item.symbol else rest
        while attributes and self._code.is_module(deeper := f"{name}.{attributes[0]}"):
            if module := self._code.module(name):
                self._reach(module.name, attributes[0])
            name, attributes = deeper, attributes[1:]
            self._execute(name)
        if not self._code.is_module(name):
            self._outside(name)
        elif attributes:
            self._execute(name)
            self._reach(name, attributes[0])
        elif module := self._code.module(name):
            # The module itself is passed on: anything in it may be used.
            self._execute(name)
            self._whole(module)

    def _outside(self, name: str) -> None:
        self._packages.add(name.partition(".")[0])

    def _whole(self, module: Module) -> None:
        for statement in module.statements:
            self._add(module, statement)

    def _add(self, module: Module, statement: Statement) -> None:
        index = statement.index
        if (module.name, index) in self._seen:
            return
        self._seen.add((module.name, index))
        # Definitions may change places; what happens at import happens in order.
        self._found.setdefault(module.name, []).append((index if statement.effect else -1, statement.normal))
        self._pending.append((module, statement))

    def _follow(self, module: Module, statement: Statement) -> None:
        for chain in statement.chains:
            root, rest = chain[0], list(chain[1:])
            for item in statement.imports.get(root, []) or module.imports.get(root, []):
                self._links.add((module.name, root, item.module, item.symbol))
                self._resolve(item, rest)
            if root in module.symbols or root not in module.imports:
                self._reach(module.name, root)
            if root in ("globals", "eval", "exec", "vars"):
                self._whole(module)
        for text in statement.texts:
            for path, digest in self._code.files_named(text):
                self._links.add(("file", path, digest))


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _module_paths(sources: Sources) -> Iterator[tuple[str, str]]:
    """(importable name, file) of each module; the first import folder that has a name wins, so it comes last here."""
    manifest = sources.manifest
    roots = [""] if manifest.package else ["" if path == "." else path + "/" for path in manifest.paths]
    for root in reversed(roots):
        for file in sources.files:
            if not file.startswith(root) or not file.endswith(".py"):
                continue
            parts = file[len(root) : -3].split("/")
            if parts[-1] == "__init__":
                parts = parts[:-1]
            if all(part.isidentifier() for part in parts):
                name = ".".join([*([manifest.package] if manifest.package else []), *parts])
                if name:
                    yield name, file
