"""Fixtures of the web's tests: the pages over a world of values, and a way to ask for them."""

import asyncio
from collections.abc import Callable
from typing import cast

import httpx
import pytest
from starlette.applications import Starlette

from mainspring import web
from mainspring.workspace import Workspace

from .world import World, answers

__all__ = ["Get"]

Get = Callable[[str], httpx.Response]


@pytest.fixture(scope="session")
def world() -> World:
    """A workspace that answers with the story of one model."""
    return World(answers())


@pytest.fixture(scope="session")
def get(world: World) -> Get:
    """Asks the pages over that world for a path."""
    return asker(app_over(world))


def app_over(workspace: World | Workspace) -> Starlette:
    """The pages alone, over one workspace."""
    return Starlette(routes=web.routes(lambda _request, _project: cast("Workspace", workspace)))


def asker(app: Starlette) -> Get:
    """A function that asks `app` for a path, without a network."""

    def ask(path: str) -> httpx.Response:
        async def once() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
                return await client.get(path)

        return asyncio.run(once())

    return ask
