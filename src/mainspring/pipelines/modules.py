"""A project module taken apart: its statements by the names they bind, its imports, and what happens when it is imported."""

import ast
import builtins
import functools
from collections.abc import Iterator

from mainspring.pipelines.entry import is_main_block

__all__ = ["Import", "Module", "Statement"]

_BUILTINS = frozenset(dir(builtins))
_MAX_NAME = 200
_REFLECTION = frozenset({"exec", "eval", "setattr", "delattr", "globals", "vars", "__import__", "compile"})


class Import:
    """What a name stands for: a whole module, or a symbol of one. `star` has no name."""

    def __init__(self, module: str, symbol: str = "") -> None:
        self.module = module
        self.symbol = symbol


class Statement:
    """One statement at the top of a module."""

    def __init__(self, node: ast.stmt, *, effect: bool, index: int, imports: dict[str, list[Import]]) -> None:
        self._node = node
        self.effect = effect
        """Whether importing the module does more here than bind a name; then it counts for every step."""
        self.index = index
        self.imports = imports
        """What is imported inside it, by the name bound."""
        self.keeps_docstrings = False

    @functools.cached_property
    def normal(self) -> str:
        """Its syntax tree without positions, and without docstrings unless some code of the project reads them."""
        node = self._node if self.keeps_docstrings else _without_docstrings(self._node)
        return ast.dump(node, annotate_fields=False)

    @functools.cached_property
    def chains(self) -> tuple[tuple[str, ...], ...]:
        """Every name it uses, with the attributes taken of it: `a.b.c` is ("a", "b", "c")."""
        return tuple(sorted(set(_chains(self._node))))

    @functools.cached_property
    def texts(self) -> tuple[str, ...]:
        """The short texts in it, one of which may be the name of a file."""
        found = (node.value for node in ast.walk(self._node) if isinstance(node, ast.Constant))
        return tuple(sorted({v for v in found if isinstance(v, str) and "." in v and len(v) < _MAX_NAME}))


class Module:
    """A parsed project module."""

    def __init__(self, name: str, tree: ast.Module, *, is_package: bool, own: frozenset[str]) -> None:
        """own: the names of the project's modules and packages."""
        self.name = name
        self._own = own
        self._package = name if is_package else name.rpartition(".")[0]
        self.statements: list[Statement] = []
        self.symbols: dict[str, list[Statement]] = {}
        self.imports: dict[str, list[Import]] = {}
        self.stars: list[str] = []
        self.imported: list[str] = []
        """Names of every module that importing this one asks for; some may be symbols of packages."""
        for node in tree.body:
            self._collect_imports(node)
        for index, node in enumerate(tree.body):
            if is_main_block(node) or _is_typing_block(node) or (index == 0 and _is_text(node)):
                continue
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                self._add(node)

    @property
    def reflects(self) -> bool:
        """Whether a name may appear in it that its source does not show."""
        return "__getattr__" in self.symbols

    @functools.cached_property
    def named(self) -> frozenset[str]:
        """Every name that some statement uses."""
        return frozenset(chain[0] for statement in self.statements for chain in statement.chains)

    def imports_in(self, node: ast.AST) -> dict[str, list[Import]]:
        """The imports written anywhere inside a statement, by the name they bind."""
        found: dict[str, list[Import]] = {}
        for item in ast.walk(node):
            if isinstance(item, ast.Import):
                for alias in item.names:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    found.setdefault(alias.asname or whole, []).append(Import(whole))
                    if not alias.asname and "." in alias.name:
                        found[whole].append(Import(alias.name))
            elif isinstance(item, ast.ImportFrom):
                base = self._base(item)
                for alias in item.names:
                    found.setdefault(alias.asname or alias.name, []).append(Import(base, alias.name))
        return found

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self._package.split(".") if self._package else []
        parts = parts[: len(parts) - (node.level - 1)]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def _collect_imports(self, node: ast.stmt) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or is_main_block(node):
            return
        for name, found in self.imports_in(node).items():
            for item in found:
                if not _is_typing_block(node):
                    self.imported += [item.module, f"{item.module}.{item.symbol}"] if item.symbol else [item.module]
                if name == "*":
                    self.stars.append(item.module)
                else:
                    self.imports.setdefault(name, []).append(item)

    def _add(self, node: ast.stmt) -> None:
        statement = Statement(
            node, effect=self._has_effect(node), index=len(self.statements), imports=self.imports_in(node)
        )
        self.statements.append(statement)
        for name in _bound(node):
            self.symbols.setdefault(name, []).append(statement)

    def _has_effect(self, node: ast.stmt) -> bool:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
                quiet = all(map(self._is_quiet, [*node.decorator_list, *defaults]))
                return not (quiet and all(map(self._is_foreign, node.decorator_list)))
            case ast.ClassDef():
                # A base class or decorator of the project's own may register what it is given.
                quiet = all(map(self._is_quiet, [*node.decorator_list, *(k.value for k in node.keywords)]))
                foreign = all(map(self._is_foreign, [*node.bases, *node.decorator_list]))
                return not (quiet and foreign) or any(map(self._has_effect, node.body))
            case ast.Assign(targets=targets, value=value):
                return not (all(map(_is_plain_target, targets)) and self._is_quiet(value))
            case ast.AnnAssign(target=target, value=given):
                return not (_is_plain_target(target) and (given is None or self._is_quiet(given)))
            case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
                return False
        return True

    def _is_quiet(self, expression: ast.expr) -> bool:
        """Whether evaluating it can change nothing of the project's: it calls nothing that the project defines."""
        nodes = list(ast.walk(expression))
        if any(isinstance(node, (ast.NamedExpr, ast.Await)) for node in nodes):
            return False
        return all(self._is_foreign(node.func) for node in nodes if isinstance(node, ast.Call))

    def _is_foreign(self, expression: ast.expr) -> bool:
        """Whether what is called, inherited from or decorated with is not the project's own."""
        root = expression
        while isinstance(root, (ast.Attribute, ast.Call, ast.Subscript)):
            root = root.func if isinstance(root, ast.Call) else root.value
        if not isinstance(root, ast.Name):
            return True
        if root.id in _REFLECTION or root.id == "importlib":
            return False
        if found := self.imports.get(root.id):
            return not any(i.module in self._own or f"{i.module}.{i.symbol}" in self._own for i in found)
        return root.id in _BUILTINS


def _chains(node: ast.AST) -> Iterator[tuple[str, ...]]:
    pending: list[ast.AST] = [node]
    while pending:
        item = pending.pop()
        attributes: list[str] = []
        inner = item
        while isinstance(inner, ast.Attribute):
            attributes.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield (inner.id, *reversed(attributes))
        else:
            pending.extend(ast.iter_child_nodes(inner if attributes else item))


def _bound(node: ast.stmt) -> set[str]:
    """The names a statement binds at the top of its module."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    names: set[str] = set()
    pending: list[ast.AST] = [node]
    while pending:
        item = pending.pop()
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(item.name)
            continue
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
            names.add(item.id)
        pending.extend(ast.iter_child_nodes(item))
    return names


def _is_plain_target(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_plain_target, target.elts))
    return isinstance(target, ast.Name)


def _is_typing_block(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and not node.orelse and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _without_docstrings(node: ast.stmt) -> ast.stmt:
    for item in ast.walk(node):
        if (
            isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            and item.body
            and _is_text(item.body[0])
        ):
            item.body = item.body[1:] or [ast.Pass()]
    return node
