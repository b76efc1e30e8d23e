"""Where references, subjects and words of status lead."""

import pytest

from mainspring.web.kinds import kind_of
from mainspring.web.page import link
from mainspring.web.references import to_dataset, to_model, to_subject


@pytest.mark.parametrize(
    ("kind", "subject", "page"),
    [
        ("run.finished", "run/3fa9", "/p/default/runs/3fa9"),
        ("model.registered", "churn@2", "/p/default/models/churn/2"),
        ("model.promoted", "churn", "/p/default/models/churn"),
        ("rollout.started", "arrival-delay", "/p/default/endpoints/arrival-delay"),
        ("dataset.version_added", "flights@3", "/p/default/datasets/flights/3"),
        ("token.created", "tok_3", ""),
        ("model.promoted", "churn@champion", ""),
        ("alert.opened", "../../secret", ""),
        ("alert.opened", "javascript:alert(1)", ""),
    ],
)
def test_a_subject_leads_to_its_page(kind: str, subject: str, page: str) -> None:
    assert to_subject("default", kind, subject) == page


@pytest.mark.parametrize(
    ("reference", "page"),
    [
        ("flights@3", "/p/x/datasets/flights/3"),
        ("x/flights@3", "/p/x/datasets/flights/3"),
        ("flights", "/p/x/datasets/flights"),
        ("other/flights@3", ""),
        ("f@3@4", ""),
    ],
)
def test_a_reference_leads_to_its_version(reference: str, page: str) -> None:
    assert to_dataset("x", reference) == page
    assert "@" not in reference or to_model("x", reference) == page.replace("datasets", "models")


def test_every_part_of_an_address_is_quoted() -> None:
    assert link("a b", "runs", 'x/../"<y>', status="a&b") == "/p/a%20b/runs/x%2F..%2F%22%3Cy%3E?status=a%26b"
    assert link("default") == "/p/default/"
    assert link("default", "runs", status="") == "/p/default/runs"


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("succeeded", "ok"),
        ("rolled back", "bad"),
        ("Canary", "busy"),
        ("stale", "warn"),
        ("shadow", "idle"),
        ("<b>", "idle"),
    ],
)
def test_a_word_has_a_kind(word: str, kind: str) -> None:
    assert kind_of(word) == kind
