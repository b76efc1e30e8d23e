"""The server's own promises: who may ask, from where, and what every answer carries."""

import socket
from collections.abc import Callable

import httpx
import pytest
from starlette.types import ASGIApp

from mainspring.access import ops as access
from mainspring.api.client import RemoteWorkspace, ServerUnreachable, UrlInvalid
from mainspring.data import ops as data
from mainspring.data.errors import DatasetUnknown
from mainspring.kernel.op import with_idempotency_key
from mainspring.models import ops as models
from mainspring.models.errors import AliasReserved
from mainspring.server.app import create_app
from mainspring.server.security import BindRefused, check_bind
from mainspring.serving import ops as serving
from mainspring.serving.errors import RouteInvalid
from mainspring.storage.change import KeyReused
from mainspring.workspace import PermissionDenied, Workspace

Serve = Callable[[ASGIApp], str]
JSON = {"Content-Type": "application/json"}


def test_health_answers_before_anything_else(ws: Workspace, serve: Serve) -> None:
    answer = httpx.get(serve(create_app(ws, auth_required=True)) + "/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "[", ""])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_a_foreign_host_is_refused_whatever_the_method(ws: Workspace, serve: Serve, method: str, host: str) -> None:
    answer = httpx.request(method, serve(create_app(ws)) + "/api/v1/projects/default/runs", headers={"Host": host})
    assert answer.status_code in (400, 403)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_foreign_origin_may_not_change_anything(ws: Workspace, serve: Serve, origin: str) -> None:
    url = serve(create_app(ws)) + "/api/v1/tokens"
    answer = httpx.post(url, headers={"Origin": origin} | JSON, content=b'{"principal": "mallory"}')
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "origin.refused"
    assert access.list_tokens(ws) == []


def test_a_form_of_another_page_is_no_request(ws: Workspace, serve: Serve) -> None:
    url = serve(create_app(ws)) + "/api/v1/tokens"
    answer = httpx.post(url, headers={"Content-Type": "text/plain"}, content=b'{"principal": "mallory"}')
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "request.body")


@pytest.mark.parametrize("path", ["/", "/health", "/api/v1/openapi.json", "/nowhere", "/metrics"])
def test_every_answer_carries_the_security_headers(ws: Workspace, serve: Serve, path: str) -> None:
    headers = httpx.get(serve(create_app(ws)) + path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in headers


def test_a_large_body_is_refused_in_one_sentence(ws: Workspace, serve: Serve) -> None:
    url = serve(create_app(ws)) + "/api/v1/tokens"
    answer = httpx.post(url, headers=JSON, content=b" " * ((8 << 20) + 1))
    assert answer.status_code == 400
    assert "larger than 8 MB" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the request's body cannot be used"),
        (b"[]", "the request's body cannot be used"),
        (b"{}", "argument 'principal' of access.create_token is wrong: it is missing"),
        (b'{"principal": 3}', "argument 'principal' of access.create_token is wrong: Expected `str`, got `int`"),
        (
            b'{"principal": "a", "colour": 1}',
            "argument 'colour' of access.create_token is wrong: there is no such argument",
        ),
    ],
)
def test_a_wrong_argument_is_named(ws: Workspace, serve: Serve, body: bytes, message: str) -> None:
    answer = httpx.post(serve(create_app(ws)) + "/api/v1/tokens", headers=JSON, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)


def test_without_a_token_nothing_is_told_where_one_is_asked_for(ws: Workspace, serve: Serve) -> None:
    url = serve(create_app(ws, auth_required=True))
    for path in ("/", "/metrics", "/api/v1/projects/default/runs", "/p/default/runs", f"/api/v1/objects/{'0' * 64}"):
        assert httpx.get(url + path).status_code == 401, path


def test_who_asks_comes_before_what_is_asked(ws: Workspace, serve: Serve) -> None:
    url = serve(create_app(ws, auth_required=True))
    assert httpx.post(url + "/api/v1/tokens", content=b"{").status_code == 401
    assert httpx.get(url + "/api/v1/projects/default/events?after=x").status_code == 401


@pytest.mark.parametrize("alias", ["2", "latest"])
def test_an_alias_cannot_be_what_a_reference_means_otherwise(ws: Workspace, alias: str) -> None:
    with pytest.raises(AliasReserved):
        models.set_alias(ws, "m", alias=alias, version=1)


def test_a_token_gives_its_role_and_ends_when_revoked(ws: Workspace, serve: Serve) -> None:
    made = access.create_token(ws, principal="ada", role="viewer")
    remote = RemoteWorkspace(serve(create_app(ws, auth_required=True)), token=made.text)
    assert data.list_datasets(remote) == []  # type: ignore[arg-type]
    with pytest.raises(PermissionDenied, match="may not do 'tokens.admin'"):
        access.list_tokens(remote)  # type: ignore[arg-type]
    access.revoke_token(ws, made.token.token_id)
    with pytest.raises(Exception, match="was revoked"):
        data.list_datasets(remote)  # type: ignore[arg-type]
    remote.close()


def test_a_browser_gives_its_token_as_a_password(ws: Workspace, serve: Serve) -> None:
    made = access.create_token(ws, principal="ada", role="viewer")
    url = serve(create_app(ws, auth_required=True)) + "/p/default/runs"
    refused = httpx.get(url, headers={"Accept": "text/html"})
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic realm=")
    assert httpx.get(url, auth=("anyone", made.text)).status_code == 200
    for wrong in ("Basic !!!", "Basic bm90aGluZw==", "Basic", "Digest x"):
        assert httpx.get(url, headers={"Authorization": wrong}).status_code == 401


def test_a_token_of_one_project_opens_no_other(ws: Workspace, serve: Serve) -> None:
    made = access.create_token(ws, principal="ada", role="owner", project="ops")
    remote = RemoteWorkspace(serve(create_app(ws, auth_required=True)), project="ops", token=made.text)
    assert data.list_datasets(remote) == []  # type: ignore[arg-type]
    with pytest.raises(PermissionDenied):
        data.list_datasets(remote.in_project("default"))  # type: ignore[arg-type]
    remote.close()


def test_a_token_of_one_project_reads_no_model_of_another(ws: Workspace, serve: Serve) -> None:
    made = access.create_token(ws, principal="ada", role="owner", project="ops")
    remote = RemoteWorkspace(serve(create_app(ws, auth_required=True)), project="ops", token=made.text)
    with pytest.raises(PermissionDenied, match="may not do 'models.read' in project 'default'"):
        models.diff(remote, a="default/secret@1", b="default/secret@2")  # type: ignore[arg-type]
    with pytest.raises(RouteInvalid, match="its model is of project 'default', the endpoint of 'ops'"):
        serving.deploy(remote, "mine", model="default/secret@1")  # type: ignore[arg-type]
    remote.close()


@pytest.mark.parametrize(
    "request_line",
    [b"Origin: http://[", b"Host: [::1", b"Authorization: Basic \xff\xfe", b"Content-Length: 10"],
)
def test_a_malformed_request_is_no_defect(
    ws: Workspace, serve: Serve, request_line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(serve(create_app(ws)).rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = b"POST /api/v1/tokens HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % port
        connection.sendall(head + request_line + b"\r\n\r\n")
        if request_line.startswith(b"Content-Length"):
            connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(1000)
    assert b" 500 " not in answer
    assert not [record for record in caplog.records if "failed" in record.getMessage()]


@pytest.mark.parametrize("number", ["9" * 30, "-" + "9" * 30, "%00", "x"])
def test_a_number_that_is_none_is_refused(ws: Workspace, serve: Serve, number: str) -> None:
    answer = httpx.get(f"{serve(create_app(ws))}/api/v1/projects/default/events?after={number}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "argument.invalid")


def test_a_body_nested_without_end_is_refused(ws: Workspace, serve: Serve) -> None:
    body = b'{"principal":' * 5000
    answer = httpx.post(serve(create_app(ws)) + "/api/v1/tokens", headers=JSON, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "request.body")


def test_the_servers_error_is_raised_as_itself(ws: Workspace, serve: Serve) -> None:
    remote = RemoteWorkspace(serve(create_app(ws)))
    with pytest.raises(DatasetUnknown) as caught:
        data.show_dataset(remote, "nothing")  # type: ignore[arg-type]
    assert caught.value.fields == {"name": "nothing", "project": "default"}
    remote.close()


def test_the_same_request_acts_once(ws: Workspace, serve: Serve) -> None:
    remote = RemoteWorkspace(serve(create_app(ws)))
    with with_idempotency_key("k1"):
        first = access.create_token(remote, principal="ada")  # type: ignore[arg-type]
        again = access.create_token(remote, principal="ada")  # type: ignore[arg-type]
        with pytest.raises(KeyReused):
            access.create_token(remote, principal="eve")  # type: ignore[arg-type]
    assert again.token == first.token
    assert len(access.list_tokens(ws)) == 1
    remote.close()


def test_objects_travel_and_are_checked(ws: Workspace, serve: Serve) -> None:
    url = serve(create_app(ws))
    remote = RemoteWorkspace(url)
    name = remote.objects.put_bytes(b"rows" * 100_000)
    assert remote.objects.exists(name)
    assert remote.objects.get_bytes(name) == ws.objects.get_bytes(name)
    answer = httpx.put(f"{url}/api/v1/objects/{'0' * 64}", content=b"other")
    assert answer.json()["error"]["code"] == "object.mismatch"
    assert ws.objects.names() == [name]
    assert ws.objects.sweep() == 0
    remote.close()


@pytest.mark.parametrize("digest", ["..%2f..%2fworkspace.json", "%2e%2e", "a" * 63, "A" * 64, "..%5c" + "a" * 59])
def test_nothing_but_a_digest_names_an_object(ws: Workspace, serve: Serve, digest: str) -> None:
    answer = httpx.get(f"{serve(create_app(ws))}/api/v1/objects/{digest}")
    assert answer.status_code in (400, 404)


def test_an_address_that_others_reach_needs_a_token() -> None:
    with pytest.raises(BindRefused, match="asks for no token"):
        check_bind("0.0.0.0", auth_required=False)
    check_bind("0.0.0.0", auth_required=True)
    for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        check_bind(host, auth_required=False)


def test_a_server_that_is_not_there_is_named() -> None:
    remote = RemoteWorkspace("http://127.0.0.1:9")
    with pytest.raises(ServerUnreachable, match="no Mainspring answers at http://127.0.0.1:9"):
        data.list_datasets(remote)  # type: ignore[arg-type]
    remote.close()


@pytest.mark.parametrize("url", ["ftp://x", "http://", "file:///etc/passwd"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(UrlInvalid):
        RemoteWorkspace(url)
