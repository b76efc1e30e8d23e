"""The permission table: what each role may do, and default deny."""

import pytest

from mainspring.access.permissions import PERMISSIONS, allowed
from mainspring.domain.principal import Principal

OWNER = Principal(name="ada", role="owner")
VIEWER = Principal(name="bob", role="viewer")
OWNER_OF_ONE = Principal(name="eve", role="owner", project="flights")


@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
def test_owner_of_every_project_may_do_everything(permission: str) -> None:
    assert allowed(OWNER, permission, "flights")


@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
def test_viewer_may_read_and_ask_for_predictions_and_nothing_else(permission: str) -> None:
    assert allowed(VIEWER, permission, "flights") == permission.endswith((".read", ".predict"))


def test_owner_of_one_project_may_do_nothing_in_another() -> None:
    assert allowed(OWNER_OF_ONE, "data.write", "flights")
    assert not allowed(OWNER_OF_ONE, "data.read", "default")


def test_owner_of_one_project_does_not_administer_the_workspace() -> None:
    assert not allowed(OWNER_OF_ONE, "workspace.admin", "flights")


def test_unknown_permission_is_an_error() -> None:
    with pytest.raises(KeyError):
        allowed(OWNER, "data.raed", "flights")
