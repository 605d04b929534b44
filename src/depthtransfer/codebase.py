"""What a module of this package consists of, so that a result is rebuilt when its code changed, and only then."""

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parent
_PACKAGE = _ROOT.name


@functools.cache
def digest(*modules: str) -> str:
    """Return a digest of the code of modules and of everything of this package that they import, directly or not.

    Comments, blank lines, docstrings (of attributes too) and what is imported for a type checker do not count.

    Args:
        modules: dotted names, such as depthtransfer.figures.fig1.

    Raises:
        ModuleNotFoundError: if this package has no such module.
    """
    if unknown := [module for module in modules if _file(module) is None]:
        raise ModuleNotFoundError(unknown[0])
    whole = hashlib.sha256()
    for name in sorted(frozenset[str]().union(*map(closure, modules))):
        whole.update(f"{name}={_own_digest(name)}\n".encode())
    return whole.hexdigest()[:16]


def closure(module: str) -> frozenset[str]:
    """Dotted names of a module and of all modules of this package that it needs, lazily imported ones included."""
    found: set[str] = set()
    open_ends = [module]
    while open_ends:
        name = open_ends.pop()
        if name not in found and _file(name) is not None:
            found.add(name)
            open_ends += _imports(name)
    return frozenset(found)


def _file(name: str) -> Path | None:
    path = _ROOT.joinpath(*name.split(".")[1:])
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


@functools.cache
def _tree(name: str) -> ast.Module:
    file = _file(name)
    if file is None:
        raise ModuleNotFoundError(name)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    tree.body = [statement for statement in tree.body if not _is_for_types_alone(statement)]
    return tree


@functools.cache
def _imports(name: str) -> tuple[str, ...]:
    found: list[str] = []
    for block in _blocks(_tree(name)):
        for node in block:
            if isinstance(node, ast.Import):
                found += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    parents = name.rpartition(".")[0]
    own = [part for part in (*found, parents) if part.split(".")[0] == _PACKAGE]
    return tuple(dict.fromkeys(own))


@functools.cache
def _own_digest(name: str) -> str:
    tree = _tree(name)
    for block in _blocks(tree):
        block[:] = [statement for statement in block if not _is_docstring(statement)]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements at and below a node; expressions, most of a tree, hold none."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        inside = getattr(node, part, None)
        if isinstance(inside, list):
            if part not in ("handlers", "cases"):
                yield inside
            for each in inside:
                yield from _blocks(each)


def _is_docstring(node: ast.AST) -> bool:
    """Whether a statement is a text that nobody uses: documentation of what stands around it."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_for_types_alone(node: ast.AST) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`, which never runs."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
