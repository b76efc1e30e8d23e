"""Build hook: writes the charts' JavaScript bundle (Vega, Vega-Lite, Vega-Embed) into the package."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ChartsBundleHook(BuildHookInterface):
    """Writes `web/static/vendor/vega.js` from vl-convert-python, so nothing is vendored and nothing comes from a CDN."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        import vl_convert

        target = Path(self.root) / "src/mainspring/web/static/vendor/vega.js"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(vl_convert.javascript_bundle(), encoding="utf-8")
