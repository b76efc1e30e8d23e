"""Digests and the typed encoding."""

from hypothesis import given
from hypothesis import strategies as st

from mainspring.kernel.hashing import digest, encode

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_the_digest_is_blake3() -> None:
    # The first test vector of the BLAKE3 reference implementation: the empty input.
    assert digest(b"") == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


def test_lengths_keep_neighbours_apart() -> None:
    assert encode(["1b2", "3"]) != encode(["1", "2b3"])
    assert encode([["a"], "b"]) != encode([["a", "b"]])


def test_types_keep_equal_looking_values_apart() -> None:
    values: list[object] = [1, 1.0, "1", True, b"1", None, [1]]
    assert len({encode(value) for value in values}) == len(values)


@given(plain, plain)
def test_equal_encodings_mean_equal_values(a: object, b: object) -> None:
    if encode(a) == encode(b):
        assert a == b


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert encode(value) == encode(dict(reversed(value.items())))
