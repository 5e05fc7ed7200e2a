"""Who may ask the console, and what every answer carries."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from tests.app.console.client import Client
from tocsin.app.console import faults
from tocsin.app.console.assets import Assets
from tocsin.app.console.guard import BODY_BYTES, HEADERS, Door, Guard, door_of
from tocsin.errors import SettingsError

TOKEN = "correct-horse-battery"
OPEN = door_of("127.0.0.1", "", [])
FAR = door_of("0.0.0.0", TOKEN, ["tocsin.example"])


@pytest.mark.parametrize(
    "path", ["/", "/detections", "/api/status", "/api/nothing", "/assets/none.js", "/api/openapi.json"]
)
def test_every_answer_has_the_headers(asking, path):
    """Also one that tells that something is not there."""
    found = asking().get(path)
    assert {name: found.headers[name] for name in HEADERS} == HEADERS
    assert ("no-store" in found.headers.get("Cache-Control", "")) == path.startswith("/api")


def test_a_mistake_of_ours_has_the_headers_and_no_details():
    """The log has the traceback; a browser has no use for it."""

    def broken() -> None:
        raise RuntimeError("secret")

    app = FastAPI()
    app.add_api_route("/api/broken", broken)
    faults.tell(app)
    found = Client(Guard(app, OPEN)).get("/api/broken")
    assert found.status_code == 500
    assert found.json() == {
        "error": "the console made a mistake: RuntimeError",
        "hint": "its log has the details",
    }
    assert found.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8600", "localhost", "[::1]:1", "LOCALHOST:8600", "a.localhost", "127.0.0.9"]
)
def test_this_machine_is_known_by_its_names(host):
    """Whatever the port is: it may be forwarded."""
    assert OPEN.knows(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8600",
        "",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "[",
        "127.0.0.1@evil.example",
    ],
)
def test_a_name_that_was_made_to_lead_here_is_refused(asking, host):
    """A page of another site would else read our answers as its own (DNS rebinding)."""
    assert not OPEN.knows(host)
    found = asking().get("/api/status", headers={"Host": host})
    assert found.status_code == 421
    assert "--name" in found.json()["hint"]


def test_elsewhere_addresses_and_given_names_are_known():
    """A rebinding site has neither."""
    assert FAR.knows("192.0.2.7:8600")
    assert FAR.knows("tocsin.example")
    assert not FAR.knows("evil.example")


def test_elsewhere_it_wants_the_token(asking):
    """Pages have no data in them and may be had without; every answer of the API needs it."""
    client = asking(door=FAR)
    for path in ("/api/status", "/api/openapi.json", "/api/live/stream", "/api", "/api/nothing"):
        found = client.get(path)
        assert found.status_code == 401, path
        assert set(found.json()) == {"error", "hint"}
        assert "set-cookie" not in found.headers
    assert client.get("/").status_code != 401
    for wrong in ("", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "Ł"):
        assert client.get("/api/status", params={"token": wrong}).status_code == 401
        bearer = f"Bearer {wrong}".encode()
        assert client.get("/api/status", headers={"Authorization": bearer}).status_code == 401
    assert client.get("/api/status", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert not client.cookies, "a program that sends the token needs no cookie"


def test_the_token_in_an_address_is_taken_once(asking):
    """The browser keeps a cookie that no script can read, and goes on to an address without the token."""
    client = asking(door=FAR)
    found = client.get("/detections", params={"token": TOKEN, "level": "high"})
    assert (found.status_code, found.headers["Location"]) == (303, "/detections?level=high")
    cookie = found.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert TOKEN not in cookie
    assert client.get("/api/status").status_code == 200
    fresh = asking(door=FAR)
    assert fresh.get("/api/status", params={"token": TOKEN}).status_code == 200, "as the pages ask"
    assert fresh.get("/api/status").status_code == 200
    client.cookies = httpx.Cookies({FAR.cookie: "forged"})
    assert client.get("/api/status").status_code == 401


def test_the_way_on_never_leads_to_another_site(asking):
    """Two slashes at the begin of an address name a host."""
    client = asking(door=FAR)
    for path in ("//evil.example/", "/\\evil.example", "///evil.example"):
        place = client.get(f"http://127.0.0.1:8600{path}", params={"token": TOKEN}).headers["Location"]
        assert place.startswith("/")
        assert not place.startswith(("//", "/\\"))


def test_other_sites_may_not_send_anything(asking):
    """A form on their page could, and the browser would."""
    client = asking()
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9999"):
        assert client.post("/api/status", headers={"Origin": origin}).status_code == 403
    assert client.post("/api/status", headers={"Origin": "http://127.0.0.1:8600"}).status_code == 405


def test_a_body_has_a_bound_said_or_unsaid():
    """One that does not say how long it is ends when it is too long."""

    async def app(scope, receive, send):
        size = 0
        while (message := await receive())["type"] == "http.request":
            size += len(message["body"])
            assert size <= BODY_BYTES
            if not message.get("more_body"):
                break
        await send(
            {
                "type": "http.response.start",
                "status": 200 if message["type"] == "http.request" else 400,
                "headers": [],
            }
        )
        await send({"type": "http.response.body", "body": b""})

    async def chunks():
        for _ in range(40):
            yield b"x" * (BODY_BYTES // 20)

    client = Client(Guard(app, OPEN))
    assert client.post("/api/x", content=b"x" * BODY_BYTES).status_code == 200
    assert client.post("/api/x", content=b"x" * (BODY_BYTES + 1)).status_code == 413
    assert client.post("/api/x", content=chunks()).status_code == 400
    assert client.post("/api/x", content=b"", headers={"Content-Length": "many"}).status_code == 413


def test_a_token_that_could_be_guessed_is_refused_where_others_can_ask():
    """And where there is none, there is a new one at each start."""
    with pytest.raises(SettingsError, match="has 6 signs"):
        door_of("0.0.0.0", "secret", [])
    assert door_of("127.0.0.1", "secret", []).token == "secret"
    assert door_of("localhost", "", []).token == ""
    made = {door_of(host, "", []).token for host in ("0.0.0.0", "::", "192.0.2.7", "some-name")}
    assert len(made) == 4
    assert all(len(token) > 24 for token in made)


def test_consoles_on_other_ports_have_cookies_of_their_own():
    """Browsers do not tell the ports of a host apart."""
    one, two = Door("a" * 20, frozenset(), local=False), Door("b" * 20, frozenset(), local=False)
    assert one.cookie != two.cookie
    assert one.session != two.session


@pytest.fixture
def pages(tmp_path) -> Client:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("the page")
    (folder / "assets" / "index-1a2b.js").write_text("the program")
    (tmp_path / "secret.txt").write_text("not for anybody")
    (folder / "assets" / "link.txt").symlink_to(tmp_path / "secret.txt")
    return Client(Guard(Assets(folder), OPEN))


@pytest.mark.parametrize(
    "path", ["/", "/detections", "/detections/433a0fb1-7b77", "/rules/a.b", "/index.html"]
)
def test_addresses_that_the_front_end_knows_give_the_page(pages, path):
    """It looks at the address itself; a new version is seen at once."""
    found = pages.get(path)
    assert (found.status_code, found.text) == (200, "the page")
    assert found.headers["Cache-Control"] == "no-cache"
    assert found.headers["Content-Type"].startswith("text/html")


def test_files_with_a_hash_in_their_name_are_kept(pages):
    """And one that is gone is told as gone: the page in its place would be taken for a program."""
    found = pages.get("/assets/index-1a2b.js")
    assert (found.text, found.headers["Content-Type"]) == ("the program", "text/javascript; charset=utf-8")
    assert "immutable" in found.headers["Cache-Control"]
    assert pages.get("/assets/index-0000.js").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "//secret.txt",
        "/assets/link.txt",
        "/assets/%00",
        "/" + "a" * 5_000,
    ],
)
def test_no_address_leads_out_of_the_folder(pages, path):
    """Whatever is in it; a link in the folder does not either."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=pages.app)
        async with httpx.AsyncClient(transport=transport) as client:
            request = client.build_request("GET", "http://127.0.0.1:8600/")
            request.url = request.url.copy_with(raw_path=path.encode())
            return await client.send(request)

    found = asyncio.run(ask())
    assert "not for anybody" not in found.text
    assert found.status_code in (200, 404)


def test_pages_that_are_not_built_say_how_to(tmp_path):
    """Instead of an empty page."""
    found = Client(Guard(Assets(tmp_path), OPEN)).get("/")
    assert found.status_code == 503
    assert "hatch_build.py" in found.text
