"""Pictures drawn on the server: where things lie, and that words from outside stay words."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.web import gantt, graph, sketches, trail

WIDTH, HEIGHT = 168, 54


def test_nodes_lie_right_of_their_parents() -> None:
    nodes = [graph.Node(name, name) for name in "abcd"]
    edges = [graph.Edge("a", "b"), graph.Edge("b", "c"), graph.Edge("a", "c"), graph.Edge("a", "d")]

    placed = graph.lay_out(nodes, edges)

    assert placed.at["a"][0] < placed.at["b"][0] < placed.at["c"][0]
    assert placed.at["d"][0] == placed.at["b"][0]
    assert len(placed.through["a", "c"]) == 1
    assert placed.through["a", "b"] == ()


@given(st.sets(st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(lambda pair: pair[0] < pair[1]), max_size=40))
def test_no_box_lies_on_another_and_no_arrow_runs_behind_one(pairs: set[tuple[int, int]]) -> None:
    nodes = [graph.Node(str(number), str(number)) for number in range(15)]
    edges = [graph.Edge(str(source), str(target)) for source, target in pairs]

    placed = graph.lay_out(nodes, edges)

    for (x1, y1), (x2, y2) in itertools.combinations(placed.at.values(), 2):
        assert x1 != x2 or abs(y1 - y2) >= HEIGHT
    for points in placed.through.values():
        for x, y in points:
            assert all(corner[0] != x or not corner[1] < y < corner[1] + HEIGHT for corner in placed.at.values())
    assert all(placed.at[edge.source][0] + WIDTH < placed.at[edge.target][0] for edge in edges)
    assert all(0 <= x <= placed.width - WIDTH and 0 <= y <= placed.height - HEIGHT for x, y in placed.at.values())


def test_a_cycle_and_a_dangling_edge_are_drawn_all_the_same() -> None:
    nodes = [graph.Node("a", "a"), graph.Node("b", "b")]

    placed = graph.lay_out(nodes, [graph.Edge("a", "b"), graph.Edge("b", "a"), graph.Edge("a", "gone")])

    assert set(placed.at) == {"a", "b"}


def test_five_hundred_nodes_are_laid_out_in_time() -> None:
    nodes = [graph.Node(str(number), str(number)) for number in range(500)]
    edges = [graph.Edge(str(number // 2), str(number)) for number in range(1, 500)]

    assert len(graph.lay_out(nodes, edges).at) == 500


def test_names_in_a_graph_are_words() -> None:
    hostile = '<script>alert(1)</script>"'

    drawn = graph.draw([graph.Node("x", hostile, hostile, "ok", hostile, "/p/x")], [], label=hostile)

    assert "<script" not in drawn
    assert "&lt;script" in drawn


def test_long_names_are_cut_and_told_whole_in_the_title() -> None:
    drawn = graph.draw([graph.Node("x", "n" * 60)], [], label="graph")

    assert "n" * 19 + "…" in drawn
    assert f"<title>{'n' * 60}" in drawn


def test_bars_of_a_gantt_tell_time_or_cache() -> None:
    drawn = gantt.draw(
        [gantt.Bar("prepare", 0, 2600, "ok"), gantt.Bar("<b>", 2600, 3, "cached", "/p/x")], label="steps"
    )

    assert "2.6 s" in drawn
    assert "cached" in drawn
    assert "<b>" not in drawn


def test_a_line_breaks_where_a_value_is_missing() -> None:
    drawn = sketches.spark([1.0, 2.0, None, 4.0], label="error")

    assert drawn.count("M") == 2


@pytest.mark.parametrize("values", [[], [1.0], [None, float("nan")]])
def test_too_little_for_a_line_is_no_picture(values: list[float | None]) -> None:
    assert sketches.spark(values, label="error") == ""


def test_the_tallest_bar_fills_the_height() -> None:
    drawn = sketches.bars([1, 4, 2], label="values", names=["a", "b", "c"])

    assert 'height="30.00"' in drawn
    assert "<title>b: 4</title>" in drawn


def test_a_share_is_a_part_of_the_whole_bar() -> None:
    assert 'width="40.0"' in sketches.share(0.25, label="canary")
    assert 'width="160.0"' in sketches.share(7, label="too much")


def test_an_interval_lies_beside_its_threshold() -> None:
    drawn = sketches.interval(0, -1, 1, threshold=2, extent=(-2, 2), label="difference")

    assert 'cx="70.0"' in drawn
    assert 'x1="137.0"' in drawn


def test_a_trail_marks_what_changed() -> None:
    drawn = trail.draw(
        [1.0, 2.0, None, 3.0], expected=2.0, changes=[trail.Change(2, "version 2")], ends=("from", "to"), label="error"
    )

    assert "version 2" in drawn
    assert drawn.count('class="expected"') == 1
    assert trail.draw([1.0], expected=None, changes=[], ends=("", ""), label="") == ""
