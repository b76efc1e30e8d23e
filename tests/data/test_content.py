"""The content digest: equal for equal rows, and different for any difference."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.data.content import content_digest

ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        st.one_of(st.none(), st.floats(allow_nan=False)),
        st.one_of(st.none(), st.text(max_size=4)),
        st.one_of(st.none(), st.booleans()),
    ),
    max_size=12,
)
SCHEMA = {"n": pl.Int64, "x": pl.Float64, "s": pl.String, "b": pl.Boolean}


def frame(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, cut=st.integers(0, 12))
def test_it_does_not_depend_on_how_the_rows_lie_in_memory(rows: list[tuple[object, ...]], cut: int) -> None:
    whole = frame(rows)
    pieces = pl.concat([whole[:cut], whole[cut:]], rechunk=False)
    assert content_digest(pieces) == content_digest(whole)


@settings(max_examples=150, deadline=None)
@given(a=ROWS, b=ROWS)
def test_different_rows_have_different_digests(a: list[tuple[object, ...]], b: list[tuple[object, ...]]) -> None:
    same = [repr(row) for row in a] == [repr(row) for row in b]
    assert (content_digest(frame(a)) == content_digest(frame(b))) == same


def test_names_types_and_text_borders_count() -> None:
    assert content_digest(pl.DataFrame({"a": ["xy", "z"]})) != content_digest(pl.DataFrame({"a": ["x", "yz"]}))
    assert content_digest(pl.DataFrame({"a": [1]})) != content_digest(pl.DataFrame({"b": [1]}))
    assert content_digest(pl.DataFrame({"a": [0]})) != content_digest(pl.DataFrame({"a": [0.0]}))
    assert content_digest(pl.DataFrame({"a": [None]}, schema={"a": pl.Int64})) != content_digest(
        pl.DataFrame({"a": [0]})
    )


def test_the_digest_of_a_known_table_stays() -> None:
    known = frame([(1, 0.5, "é", True), (None, None, None, None)])
    assert content_digest(known) == "e1a18d500339defeef298cac2e29b662a9001f6a7e88ef0b88af1837636a1982"
