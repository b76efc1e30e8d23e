"""A script that defines a pipeline and also runs it: what of it a worker executes, and what is left out."""

import ast
from collections.abc import Iterator

__all__ = ["definitions", "is_main_block"]


def definitions(tree: ast.Module) -> ast.Module:
    """The module up to the first statement that connects or runs a pipeline, without `if __name__ == "__main__"`.

    A worker executes exactly this, and the same is hashed: so a script need not guard its last lines, and a number
    changed in its call of `run` does not count as a change of its steps.
    """
    names = _Names(tree)
    body: list[ast.stmt] = []
    for statement in tree.body:
        if is_main_block(statement):
            continue
        if any(names.starts_work(call) for call in _calls(statement)):
            break
        body.append(statement)
    return ast.Module(body=body, type_ignores=[])


def is_main_block(statement: ast.stmt) -> bool:
    """Whether this is `if __name__ == "__main__":` without an else."""
    return (
        isinstance(statement, ast.If)
        and not statement.orelse
        and isinstance(statement.test, ast.Compare)
        and isinstance(statement.test.left, ast.Name)
        and statement.test.left.id == "__name__"
        and len(statement.test.ops) == 1
        and isinstance(statement.test.ops[0], ast.Eq)
    )


class _Names:
    """The names by which a module knows Mainspring, its `connect`, and its own pipelines."""

    def __init__(self, tree: ast.Module) -> None:
        self.package: set[str] = set()
        self.connect: set[str] = set()
        decorators: set[str] = set()
        for statement in tree.body:
            if isinstance(statement, ast.Import):
                self.package |= {item.asname or item.name for item in statement.names if item.name == "mainspring"}
            elif isinstance(statement, ast.ImportFrom) and statement.module == "mainspring":
                for item in statement.names:
                    bound = item.asname or item.name
                    self.connect |= {bound} if item.name == "connect" else set()
                    decorators |= {bound} if item.name == "pipeline" else set()
        self.pipelines = {
            statement.name
            for statement in tree.body
            if isinstance(statement, ast.FunctionDef)
            and any(self._is_pipeline(item, decorators) for item in statement.decorator_list)
        }

    def starts_work(self, call: ast.Call) -> bool:
        """Whether `call` connects a workspace or runs a pipeline of this module."""
        match call.func:
            case ast.Name(id=name):
                return name in self.connect
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                return (name in self.package and attribute == "connect") or (
                    name in self.pipelines and attribute == "run"
                )
        return False

    def _is_pipeline(self, decorator: ast.expr, bound: set[str]) -> bool:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        match target:
            case ast.Name(id=name):
                return name in bound
            case ast.Attribute(value=ast.Name(id=name), attr="pipeline"):
                return name in self.package
        return False


def _calls(statement: ast.stmt) -> Iterator[ast.Call]:
    """The calls that executing the statement makes; what lies inside definitions runs later, if at all."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Call):
            yield node
        pending.extend(ast.iter_child_nodes(node))
