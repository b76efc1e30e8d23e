"""Takes a picture of a page: python scripts/screenshot.py WORKSPACE_FOLDER TARGET.png [PATH] [light|dark].

The pages are served on a free port of this machine for as long as it takes. Needs Debian's `chromium` and the test extra.
"""

import sys
import threading
from pathlib import Path
from typing import Literal, cast

import uvicorn
from playwright.sync_api import sync_playwright
from starlette.applications import Starlette

from mainspring import web
from mainspring.workspace import Workspace, open_workspace

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
Scheme = Literal["light", "dark"]


def take(
    ws: Workspace, target: Path, *, path: str = "/", scheme: Scheme = "light", width: int = 1280, height: int = 860
) -> None:
    """Write a picture of the page at `path` over `ws` to `target`."""
    app = Starlette(routes=web.routes(lambda _request, _project: ws))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto(f"http://127.0.0.1:{port}{path}")
            if page.locator("[data-chart]").count():
                page.wait_for_selector("[data-state]")
            target.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=target)
            browser.close()
    finally:
        server.should_exit = True
        thread.join(10)


def main() -> None:
    """Read the command line and take the picture."""
    folder, target, *rest = sys.argv[1:]
    path = rest[0] if rest else "/"
    scheme = cast("Scheme", rest[1] if len(rest) > 1 else "light")
    ws = open_workspace(Path(folder))
    take(ws, Path(target), path=path, scheme=scheme)
    ws.close()
    print(f"{target}: {Path(target).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
