"""The picture in the README is made by a script, over a real workspace."""

import importlib.util
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from mainspring.workspace import Workspace

SCRIPT = Path(__file__).parents[2] / "scripts" / "screenshot.py"
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "overview.png"


def take() -> Callable[..., None]:
    """The script's function."""
    spec = importlib.util.spec_from_file_location("screenshot", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., None] = module.take
    return function


def size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG (RFC 2083, section 4.1.1)."""
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", data[16:24])


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/usr/bin/chromium").exists(), reason="there is no /usr/bin/chromium; install Debian's package `chromium`"
)
def test_the_script_takes_a_picture(ws: Workspace, tmp_path: Path) -> None:
    take()(ws, tmp_path / "images" / "overview.png")

    assert size(tmp_path / "images" / "overview.png") == (1280, 860)


def test_the_picture_in_the_readme_is_small() -> None:
    assert size(PICTURE) == (1280, 860)
    assert PICTURE.stat().st_size < 200_000
