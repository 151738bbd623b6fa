"""The picture of the rooms: which module imports which, read from the source at every build.

``.. rooms::`` draws the package, ``.. rooms:: _table`` one of its folders, each followed by the
sentence that every module opens with. A folder is one room. Imports point down the page, and one
that others lead to anyway is left out; one that would close a circle is dashed.
"""

import ast
from html import escape
from itertools import count
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

PACKAGE = "skxent"
ROOT = Path(__file__).resolve().parents[2] / PACKAGE

WIDTH, ROW, BOX, LANE, LETTER = 368, 56, 26, 6, 7.0  # units of the drawing: pixels of a telephone


# ---- reading


def modules_of(folder):
    """Paths of the sources of each room in a folder; what the folder hands out is ``__init__``."""
    rooms = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py":
            rooms[path.stem] = [path]
        elif (path / "__init__.py").exists():
            rooms[path.name] = sorted(path.rglob("*.py"))
    return rooms


def imported(path, root=ROOT):
    """Yield dotted names, without the package's own, of what a source file may have imported."""
    here = path.relative_to(root).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module.split(".") if node.module else []
            if node.level:
                base = [root.name, *here[: len(here) - node.level + 1], *base]
            names = [".".join([*base, alias.name]) for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == root.name:
                yield name.removeprefix(root.name).removeprefix(".")


def imports_of(folder, root=ROOT):
    """Which rooms of a folder each of them imports: ``{room: {room, ...}}``."""
    rooms = modules_of(folder)
    prefix = list(folder.relative_to(root).parts)
    graph = {room: set() for room in rooms}
    for room, paths in rooms.items():
        for path in paths:
            for name in imported(path, root):
                parts = name.split(".")
                if parts[: len(prefix)] != prefix:
                    continue
                rest = parts[len(prefix) :]
                graph[room].add(rest[0] if rest and rest[0] in rooms else "__init__")
        graph[room].discard(room)
    return graph


def sentence(path):
    """Return the first sentence of a source file's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


# ---- laying out


def without_circles(graph):
    """Split into a graph without circles and the imports that would close one."""
    left, closing, state = {room: set() for room in graph}, [], {}

    def visit(room):
        state[room] = "open"
        for other in sorted(graph[room]):
            if state.get(other) == "open":
                closing.append((room, other))
                continue
            left[room].add(other)
            if other not in state:
                visit(other)
        state[room] = "done"

    called = {other for others in graph.values() for other in others}
    for room in sorted(graph, key=lambda room: (room != "__init__", room in called, room)):
        if room not in state:
            visit(room)
    return left, closing


def reduced(graph):
    """Leave out what is reached through another import anyway."""
    below = {}

    def reach(room):
        if room not in below:
            below[room] = graph[room].union(*map(reach, graph[room]))
        return below[room]

    return {
        room: {
            other
            for other in others
            if not any(other in reach(between) for between in others - {other})
        }
        for room, others in graph.items()
    }


def width_of(room):
    """How wide the box of a room is, or the lane of an import on its way (a tuple)."""
    return LANE if isinstance(room, tuple) else len(room) * LETTER + 16


def floors_of(graph):
    """Which row each room stands in: below all that import it, in rows that fit on the page."""
    importers = {room: {other for other in graph if room in graph[other]} for room in graph}
    floor, room_left = {}, {}
    while len(floor) < len(graph):
        ready = [room for room in graph if room not in floor and importers[room] <= floor.keys()]
        for room in sorted(ready, key=lambda room: (-len(graph[room]), room)):
            for level in count(1 + max((floor[other] for other in importers[room]), default=-1)):
                free = room_left.setdefault(level, WIDTH * 0.85)
                if free >= width_of(room):
                    room_left[level] -= width_of(room) + 14
                    floor[room] = level
                    break
    return floor


def lay_out(graph):
    """Return ``({room: (x, row)}, {(room, other): [(x, row), ...]})``, with few crossings."""
    floor = floors_of(graph)
    rows = [[] for _ in range(1 + max(floor.values()))]
    for room, level in floor.items():
        rows[level].append(room)
    ways = {}
    for room, others in graph.items():
        for other in sorted(others):
            lanes = [(room, other, level) for level in range(floor[room] + 1, floor[other])]
            for lane in lanes:
                rows[lane[2]].append(lane)
            ways[room, other] = [room, *lanes, other]
    near = {}
    for way in ways.values():
        for a, b in zip(way, way[1:], strict=False):
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)

    x = {}

    def place(row):
        spare = WIDTH - sum(map(width_of, row))
        gap, at = spare / (len(row) + 1), 0
        for thing in row:
            at += gap
            x[thing] = at + width_of(thing) / 2
            at += width_of(thing)

    for row in rows:
        place(row)
    for sweep in range(24):  # each goes to the middle of what it is joined to, down and up in turn
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            row.sort(key=lambda t: sum(x[n] for n in near.get(t, [t])) / len(near.get(t, [t])))
            place(row)
    at = {thing: (x[thing], level) for level, row in enumerate(rows) for thing in row}
    return (
        {room: at[room] for room in graph},
        {ends: [at[thing] for thing in way] for ends, way in ways.items()},
    )


# ---- drawing


def draw(graph, folders, title):
    """Return the graph as an SVG element that takes its colours from the page."""
    acyclic, closing = without_circles(graph)
    places, ways = lay_out(reduced(acyclic))
    height = ROW * (1 + max(row for _, row in places.values()))
    top = {room: row * ROW + (ROW - BOX) / 2 for room, (_, row) in places.items()}
    lines, boxes = [], []
    for points in ways.values():
        (x, row), *others = points
        y = row * ROW + (ROW + BOX) / 2
        path = f"M{x:.0f} {y:.0f}"
        for x_to, row_to in others:
            y_to = row_to * ROW + (ROW - BOX) / 2
            end = (x_to, row_to) == points[-1]
            half = (y + y_to) / 2
            path += f" C{x:.0f} {half:.0f} {x_to:.0f} {half:.0f} {x_to:.0f} {y_to - 5 * end:.0f}"
            path += "" if end else f" V{y_to + BOX:.0f}"
            x, y = x_to, y_to + BOX
        lines.append(f'<path d="{path}" marker-end="url(#rooms-tip)"/>')
    for room, other in closing:
        (x, _), (x_to, _) = places[room], places[other]
        path = f"M{x:.0f} {top[room]:.0f} L{x_to:.0f} {top[other] + BOX + 5:.0f}"
        lines.append(f'<path d="{path}" stroke-dasharray="4 3" marker-end="url(#rooms-tip)"/>')
    for room, (x, _) in places.items():
        wide, kind = width_of(room), "folder" if room in folders else "file"
        boxes.append(
            f'<rect class="{kind}" x="{x - wide / 2:.0f}" y="{top[room]:.0f}" width="{wide:.0f}"'
            f' height="{BOX}" rx="4"/>'
            f'<text x="{x:.0f}" y="{top[room] + 17:.0f}">{escape(room)}</text>'
        )
    return (
        f'<svg class="rooms" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{escape(title)}">'
        '<defs><marker id="rooms-tip" viewBox="0 0 6 6" refX="1" refY="3" markerWidth="6"'
        ' markerHeight="6" orient="auto"><path d="M0 0L6 3L0 6z"/></marker></defs>'
        f'<g class="imports">{"".join(lines)}</g>{"".join(boxes)}</svg>'
    )


class Rooms(SphinxDirective):
    """The picture of a folder, and what each of its modules says it is for."""

    optional_arguments = 1

    def run(self):
        """Draw, and list the sentences below."""
        folder = ROOT.joinpath(*self.arguments)
        name = ".".join([PACKAGE, *self.arguments])
        rooms = modules_of(folder)
        for paths in rooms.values():
            for path in paths:
                self.env.note_dependency(str(path))
        folders = {room for room in rooms if (folder / room).is_dir()}
        picture = draw(imports_of(folder), folders, f"Which modules of {name} import which")
        listed = nodes.definition_list(classes=["rooms"])
        for room, paths in rooms.items():
            own = folder / room / "__init__.py" if room in folders else paths[0]
            term = nodes.term("", "", nodes.literal(text=room + "/" * (room in folders)))
            what = nodes.definition("", nodes.paragraph(text=sentence(own)))
            listed += nodes.definition_list_item("", term, what)
        return [nodes.raw("", picture, format="html"), listed]


def setup(app):
    """Add the directive."""
    app.add_directive("rooms", Rooms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
