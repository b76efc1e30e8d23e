"""A directed acyclic graph laid out in layers from left to right and drawn as SVG."""

from collections.abc import Sequence

import msgspec
from markupsafe import Markup

__all__ = ["Edge", "Node", "Placed", "draw", "lay_out"]

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 168, 54, 44, 16, 6
_BEND_HEIGHT = 10
_SHAPES = {
    "ok": "\N{CHECK MARK}",
    "bad": "\N{MULTIPLICATION X}",
    "warn": "!",
    "busy": "\N{BLACK RIGHT-POINTING TRIANGLE}",
}
_NARROW = 736
_Point = tuple[int, int]


class Node(msgspec.Struct, frozen=True):
    """One box: its name, a line of facts, its kind (ok, bad, warn, busy, idle, cached, data) and where it leads."""

    id: str
    name: str
    fact: str = ""
    kind: str = "idle"
    status: str = ""
    href: str = ""


class Edge(msgspec.Struct, frozen=True):
    """An arrow from one node's id to another's."""

    source: str
    target: str


class Placed(msgspec.Struct, frozen=True):
    """Where each node's upper left corner lies, the points each edge runs through, and the size of the whole."""

    at: dict[str, _Point]
    through: dict[tuple[str, str], tuple[_Point, ...]]
    width: int
    height: int


def lay_out(nodes: Sequence[Node], edges: Sequence[Edge]) -> Placed:
    """Layer by the longest path, then order each layer by the mean place of its parents; O(nodes + edges x layers).

    An edge over several layers gets a bend in each layer between, which takes a place of its own, so that no arrow runs
    behind a box. Nodes on a cycle, which no pipeline has, stay in the first layer. Edges to unknown nodes are left out.
    """
    known = {node.id for node in nodes}
    kept = [(edge.source, edge.target) for edge in edges if edge.source in known and edge.target in known]
    depth = _depths([node.id for node in nodes], kept)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for name, layer in depth.items():
        layers[layer].append(name)
    parents: dict[str, list[str]] = {name: [] for name in known}
    bends: dict[tuple[str, str], list[str]] = {}
    for source, target in kept:
        above = source
        bends[source, target] = []
        for layer in range(depth[source] + 1, depth[target]):
            bend = f"\0{source}\0{target}\0{layer}"
            layers[layer].append(bend)
            parents[bend] = [above]
            bends[source, target].append(bend)
            above = bend
        parents[target].append(above)
    corners, height = _places(layers, parents)
    through = {edge: tuple(_middle(corners[bend]) for bend in names) for edge, names in bends.items()}
    at = {name: corner for name, corner in corners.items() if name in known}
    return Placed(at, through, 2 * _MARGIN + len(layers) * (_WIDTH + _GAP_X) - _GAP_X, height)


def draw(nodes: Sequence[Node], edges: Sequence[Edge], *, label: str) -> Markup:
    """The graph as one SVG; each node with an address is a link."""
    placed = lay_out(nodes, edges)
    arrows = [
        _arrow(placed.at[source], points, placed.at[target]) for (source, target), points in placed.through.items()
    ]
    boxes = [_box(node, placed.at[node.id]) for node in nodes]
    return Markup(
        '<svg class="graph{wide}" role="group" aria-label="{label}" viewBox="0 0 {w} {h}" width="{w}" height="{h}">'
        '<g class="edges" aria-hidden="true">{arrows}</g>{boxes}</svg>'
    ).format(
        wide=" wide" if placed.width > _NARROW else "",
        label=label,
        w=placed.width,
        h=placed.height,
        arrows=Markup("").join(arrows),
        boxes=Markup("").join(boxes),
    )


def _depths(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The longest distance of each node from a source."""
    children: dict[str, list[str]] = {name: [] for name in names}
    waiting = dict.fromkeys(names, 0)
    for source, target in edges:
        children[source].append(target)
        waiting[target] += 1
    depth = dict.fromkeys(names, 0)
    ready = [name for name in names if waiting[name] == 0]
    for name in ready:
        for child in children[name]:
            depth[child] = max(depth[child], depth[name] + 1)
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    return depth


def _places(layers: list[list[str]], parents: dict[str, list[str]]) -> tuple[dict[str, _Point], int]:
    """The upper left corner of every node and bend, and the height of the whole; each layer is centred."""
    row: dict[str, int] = {}
    for layer in layers:
        layer.sort(key=lambda name: sum(row.get(parent, 0) for parent in parents[name]) / max(1, len(parents[name])))
        row.update({name: index for index, name in enumerate(layer)})
    tall = [sum(_tall(name) + _GAP_Y for name in layer) - _GAP_Y for layer in layers]
    highest = max(tall, default=0)
    corners = {}
    for column, layer in enumerate(layers):
        y = _MARGIN + (highest - tall[column]) // 2
        for name in layer:
            corners[name] = (_MARGIN + column * (_WIDTH + _GAP_X), y)
            y += _tall(name) + _GAP_Y
    return corners, highest + 2 * _MARGIN


def _tall(name: str) -> int:
    return _BEND_HEIGHT if name.startswith("\0") else _HEIGHT


def _middle(corner: _Point) -> _Point:
    return corner[0], corner[1] + _BEND_HEIGHT // 2


def _arrow(source: _Point, bends: Sequence[_Point], target: _Point) -> Markup:
    x, y = source[0] + _WIDTH, source[1] + _HEIGHT // 2
    path = [f"M{x} {y}"]
    half = _GAP_X // 2
    for left, middle in bends:
        path.append(f"C{x + half} {y} {left - half} {middle} {left} {middle}H{left + _WIDTH}")
        x, y = left + _WIDTH, middle
    end_x, end_y = target[0], target[1] + _HEIGHT // 2
    path.append(f"C{x + half} {y} {end_x - half - 6} {end_y} {end_x - 6} {end_y}")
    return Markup('<path d="{}"/><path class="head" d="M{} {}l-7 -4v8z"/>').format(" ".join(path), end_x, end_y)


def _box(node: Node, at: _Point) -> Markup:
    inner = Markup(
        '<g class="node {kind}" transform="translate({x} {y})"><title>{name}: {status}{fact}</title>'
        '<rect width="{w}" height="{h}" rx="7"/><rect class="edge" width="4" height="{h}" rx="2"/>'
        '<text class="name" x="15" y="22">{shown}</text><text class="fact" x="15" y="41">{sign}{status}{short}</text></g>'
    ).format(
        kind=node.kind,
        x=at[0],
        y=at[1],
        w=_WIDTH,
        h=_HEIGHT,
        name=node.name,
        shown=_fit(node.name, 20),
        sign=f"{_SHAPES[node.kind]} " if node.kind in _SHAPES else "",
        status=f"{node.status} " if node.status else "",
        fact=node.fact,
        short=_fit(node.fact, 24 - len(node.status)),
    )
    return Markup('<a href="{}">{}</a>').format(node.href, inner) if node.href else inner


def _fit(text: str, length: int) -> str:
    return text if len(text) <= length else text[: max(1, length - 1)] + "\N{HORIZONTAL ELLIPSIS}"
