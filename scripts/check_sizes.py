"""The size ratchet: modules of at most 450 lines, functions of at most 50 without their docstring."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULE_LINES = 450
FUNCTION_LINES = 50


def too_large(path: Path) -> list[str]:
    """What in one file is over its limit, in words."""
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT)
    found = []
    lines = text.count("\n")
    if lines > MODULE_LINES:
        found.append(f"{name}: {lines} lines, {MODULE_LINES} at most: split it by idea")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            length = (
                (node.end_lineno or node.lineno) - node.lineno + 1 - (docstring.count("\n") + 1 if docstring else 0)
            )
            if length > FUNCTION_LINES:
                found.append(f"{name}:{node.lineno} {node.name}: {length} lines, {FUNCTION_LINES} at most")
    return found


def main() -> int:
    """Print what is too large; exit code 1 if anything is."""
    files = sorted(
        [
            *ROOT.glob("src/**/*.py"),
            *ROOT.glob("tests/**/*.py"),
            *ROOT.glob("benchmarks/*.py"),
            *ROOT.glob("scripts/*.py"),
        ]
    )
    found = [line for file in files if "migrations/versions" not in str(file) for line in too_large(file)]
    print("\n".join(found) or f"{len(files)} files within their sizes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
