"""A download is HTTPS to its end, whole, not larger than wanted, and a failure is told in one sentence."""

from __future__ import annotations

import hashlib
import io
import socket
import ssl
from collections.abc import Iterator

import pytest
import trustme

from tests.rules.loopback import Answer, Site, redirect, site
from tocsin.errors import SettingsError, StreamError
from tocsin.rules import download as room
from tocsin.rules.download import Downloaded, check_url, download

BODY = b"0123456789" * 20_000


@pytest.fixture
def web() -> Iterator[Site]:
    """A server without TLS, which only loopback may be."""
    with site() as running:
        yield running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the certificates of these tests."""
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Site]:
    """A server with TLS, whose certificate nobody trusts by himself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with site(context) as running:
        yield running


@pytest.fixture
def trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trust it, in the way in which a person would."""
    with authority.cert_pem.tempfile() as path:
        monkeypatch.setenv("SSL_CERT_FILE", path)
        yield


def get(url: str, limit: int = 1_000_000) -> tuple[bytes, Downloaded]:
    into = io.BytesIO()
    done = download(url, into, limit, lambda _done, _total: None)
    return into.getvalue(), done


def test_the_whole_file_comes_with_its_checksum(secure, trusted):
    """Over HTTPS."""
    secure.answers["/a"] = Answer(BODY)
    content, done = get(f"{secure.root}/a")
    assert content == BODY
    assert done == Downloaded(hashlib.sha256(BODY).hexdigest(), len(BODY), (f"{secure.root}/a",))


def test_an_untrusted_certificate_is_refused_with_what_to_do(secure):
    """The variable that names another certificate is said."""
    with pytest.raises(StreamError, match=rf"{secure.root}/a: .* not trusted: .*SSL_CERT_FILE"):
        get(f"{secure.root}/a")


@pytest.mark.parametrize(
    "url",
    ["http://example.org/a", "file:///etc/passwd", "ftp://127.0.0.1/a", "data:,a", "a.zip", "https:///a", ""],
)
def test_only_https_is_taken(url):
    """Whatever else there is."""
    with pytest.raises(SettingsError, match="HTTPS only"):
        get(url)


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://a:b/", "https://a/ b", "https://ä/", "https://a/\n"]
)
def test_what_is_no_url_is_said_to_be_none(url):
    """Before anything is asked."""
    with pytest.raises(SettingsError, match="is not a URL"):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/a", "http://[::1]/a", "http://localhost/a", "https://a/"]
)
def test_this_machine_need_not_speak_https(url):
    """Nobody is between it and itself."""
    check_url(url)


def test_this_machine_is_not_asked_through_a_proxy(web, monkeypatch):
    """A proxy would look for its own loopback."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    web.answers["/a"] = Answer(BODY)
    assert get(f"{web.root}/a")[0] == BODY


def test_a_password_is_neither_taken_nor_repeated():
    """It would be written to the pin."""
    with pytest.raises(SettingsError, match="user name or a password") as told:
        get("https://me:hush@example.org/a")
    assert "hush" not in str(told.value)


def test_the_way_of_a_redirect_is_remembered(web):
    """Each URL, in order."""
    web.answers |= {"/a": redirect("/b"), "/b": redirect(f"{web.root}/c"), "/c": Answer(BODY)}
    content, done = get(f"{web.root}/a")
    assert content == BODY
    assert done.way == tuple(f"{web.root}/{name}" for name in "abc")


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/b", "http://example.org/b?signature=hush"])
def test_https_does_not_lead_to_http(secure, trusted, target):
    """Not even to this machine; and what may be a secret in the target is not repeated."""
    secure.answers["/a"] = redirect(target)
    with pytest.raises(SettingsError, match="is not HTTPS") as told:
        get(f"{secure.root}/a")
    assert "hush" not in str(told.value)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/b", "http://example.org/b"])
def test_a_plain_server_of_this_machine_leads_nowhere_else(web, target):
    """Another machine is asked over HTTPS only."""
    web.answers["/a"] = redirect(target)
    with pytest.raises(SettingsError, match=r"is not HTTPS|is not allowed"):
        get(f"{web.root}/a")


def test_a_plain_server_of_this_machine_may_lead_to_https(web, secure, trusted):
    """That is a step up."""
    web.answers["/a"] = redirect(f"{secure.root}/b")
    secure.answers["/b"] = Answer(BODY)
    assert get(f"{web.root}/a")[0] == BODY


def test_a_circle_of_redirects_ends(web):
    """In one sentence."""
    web.answers["/a"] = redirect("/a")
    with pytest.raises(SettingsError, match="leads nowhere"):
        get(f"{web.root}/a")


@pytest.mark.parametrize("announced", [None, -1])
def test_a_file_larger_than_wanted_is_refused(web, announced):
    """Whether its size is told beforehand or not; when it is, before it comes."""
    web.answers["/a"] = Answer(BODY, announced=announced)
    into = io.BytesIO()
    with pytest.raises(SettingsError, match="larger than 100,000 bytes"):
        download(f"{web.root}/a", into, 100_000, lambda _done, _total: None)
    assert len(into.getvalue()) <= (0 if announced is None else 100_000)


def test_a_file_of_exactly_the_size_is_taken(web):
    """The bound is one that may be reached."""
    web.answers["/a"] = Answer(BODY)
    assert get(f"{web.root}/a", len(BODY))[0] == BODY


def test_what_breaks_off_is_no_file(web):
    """A server that tells more than it sends."""
    web.answers["/a"] = Answer(BODY, announced=len(BODY) + 1)
    with pytest.raises(StreamError, match="broke off after 200,000 of 200,001 bytes"):
        get(f"{web.root}/a")


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_a_mistake_in_the_url(web, status):
    """It will not be there later either."""
    web.answers["/a"] = Answer(status=status)
    with pytest.raises(SettingsError, match=f"{web.root}/a: is not there \\({status}"):
        get(f"{web.root}/a")


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_what_a_server_refuses_may_come_later(web, status):
    """Exit code 4."""
    web.answers["/a"] = Answer(status=status)
    with pytest.raises(StreamError, match=f"{web.root}/a: the server refuses: {status}"):
        get(f"{web.root}/a")


def test_nobody_there_is_said_with_the_url():
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a"
        with pytest.raises(StreamError, match=f"{url}: cannot be downloaded: .*refused"):
            get(url)


def test_a_silent_server_is_given_up(monkeypatch):
    """It takes the request and never answers."""
    monkeypatch.setattr(room, "_SILENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a"
        with pytest.raises(StreamError, match=f"{url}: cannot be downloaded: no answer in time"):
            get(url)


def test_a_server_that_trickles_is_given_up(web, monkeypatch):
    """However steadily the bytes come, all of them must come within a time."""
    monkeypatch.setattr(room, "_PATIENCE", -1.0)
    web.answers["/a"] = Answer(BODY)
    with pytest.raises(StreamError, match="was not downloaded within"):
        get(f"{web.root}/a")


def test_who_watches_is_told_how_far_it_is(web):
    """Bytes so far, and of how many."""
    web.answers["/a"] = Answer(BODY)
    told: list[tuple[int, int | None]] = []
    download(f"{web.root}/a", io.BytesIO(), len(BODY), lambda done, total: told.append((done, total)))
    assert told[-1] == (len(BODY), len(BODY))
    assert told == sorted(told)


def test_a_disk_that_is_full_is_not_the_servers_fault(web):
    """It is told as what it is."""

    class Full(io.BytesIO):
        def write(self, _data: object) -> int:
            raise OSError(28, "No space left on device")

    web.answers["/a"] = Answer(BODY)
    with pytest.raises(OSError, match="No space left") as told:
        download(f"{web.root}/a", Full(), len(BODY), lambda _done, _total: None)
    assert not isinstance(told.value, StreamError)
