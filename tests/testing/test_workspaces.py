"""The workspace for users' tests."""

from mainspring.access import ops
from mainspring.testing import START_MS, PlayedClock, workspace


def test_workspace_lasts_for_its_block() -> None:
    with workspace() as ws:
        ops.create_token(ws, principal="ci")
        folder = ws.folder
        assert folder.is_dir()
    assert not folder.exists()


def test_equal_seeds_give_equal_ids() -> None:
    ids = []
    for _ in range(2):
        with workspace(seed=3) as ws:
            ids.append([ws.ids.new() for _ in range(3)])

    assert ids[0] == ids[1]


def test_clock_stands_until_it_is_moved() -> None:
    clock = PlayedClock(START_MS)
    with workspace(clock=clock) as ws:
        assert ws.clock.now_ms() == START_MS
        clock.advance(1000)
        assert ws.clock.now_ms() == START_MS + 1000
