"""Downloads from a server that is slow, wrong, cut off, redirecting or gone: the right file or none, and the reason in words."""

import hashlib
import http.server
import ssl
import subprocess
import sys
import threading
import time

import pytest
import trustme

from data import files
from errors import UserError
from tests.helpers import ROOT
from tests.reliability import TALLY

CONTENT = bytes(range(256)) * 4000  # 1 MB


class Server(http.server.ThreadingHTTPServer):
    """https on this machine. `answers`: what to do with one request after another, the last for all that follow."""

    def __init__(self, authority):
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.asked, self.answers = [], [whole]

    def handle_error(self, request, client_address):
        pass  # the client went away, as some tests want it

    @property
    def base(self):
        return f"https://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.headers.get("Range"))
        answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        answer(self)

    def log_message(self, *_):
        pass


def send(handler, content, start=0, length=None, status=None):
    handler.send_response(status or (206 if start else 200))
    handler.send_header("Content-Length", str(len(content) - start if length is None else length))
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    handler.end_headers()
    handler.wfile.write(content[start:])


def whole(handler):
    """As a good server: with resuming."""
    asked = handler.headers.get("Range")
    send(handler, CONTENT, int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0)


def cut_off(handler):
    asked = handler.headers.get("Range")
    start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
    handler.send_response(206 if start else 200)
    handler.send_header("Content-Length", str(len(CONTENT) - start))
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
    handler.end_headers()
    handler.wfile.write(CONTENT[start : start + 300_000])


def from_the_start(handler):
    send(handler, CONTENT)  # takes no notice of a range


def trickling(handler):
    handler.send_response(200)
    handler.end_headers()
    for byte in CONTENT:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.05)


def silent(handler):
    time.sleep(3)


def another(handler):
    send(handler, b"<html>log in to the hotel's network</html>")


def altered(handler):
    send(handler, CONTENT[:-1] + b"!")


def nothing_more(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(CONTENT)


def redirecting(to):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.end_headers()

    return answer


def failing(status):
    return lambda handler: send(handler, b"no", status=status)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def server(authority, monkeypatch, tmp_path):
    """A Server whose certificate is trusted, an empty cache, and short times."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(files, "PAUSE", 0)
    monkeypatch.setattr(files, "TIMEOUT", 1)
    server = Server(authority)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def remote(server, content=CONTENT):
    return files.Remote("digits.gz", server.base, hashlib.md5(content).hexdigest(), len(content))


def cached(tmp_path):
    """Files of the cache, but for locks."""
    return sorted(p.name for p in tmp_path.glob("home/.cache/**/*") if p.is_file() and not p.name.endswith(".lock"))


@pytest.mark.parametrize(
    ("answers", "requests"),
    [
        ([whole], 1),
        ([cut_off, whole], 2),
        ([cut_off, cut_off, cut_off, whole], 4),
        ([cut_off, from_the_start], 2),
        ([failing(503), whole], 2),
    ],
    ids=["good", "cut off once", "cut off three times", "without resuming", "busy"],
)
def test_what_can_be_fetched_is_fetched_once_and_kept(server, tmp_path, answers, requests):
    server.answers = list(answers)
    for _ in range(2):
        path = files.locate(remote(server), "mnist")
        assert path == tmp_path / "home/.cache/paddle/dataset/mnist/digits.gz" and path.read_bytes() == CONTENT
    assert len(server.asked) == requests
    if answers[0] is cut_off:
        assert server.asked[1] == "bytes=300000-"
    assert cached(tmp_path) == ["digits.gz"]
    TALLY["downloads from bad servers"] += 1


BAD = {
    "another file": ([another], "it has 42 bytes, the published file 1,024,000"),
    "altered": ([altered], "MD5"),
    "longer": ([endless], "longer than the published"),
    "cut off for ever": ([cut_off, nothing_more], "of 1,024,000 bytes came"),
    "silent": ([silent], "timed out"),
    "a byte now and then": ([trickling], "less than"),
    "redirecting to http": ([redirecting("http://127.0.0.1:9/digits.gz")], "not https"),
    "redirecting to a file": ([redirecting("file:///etc/passwd")], "not allowed"),
    "redirecting in circles": ([redirecting("/digits.gz")], "infinite loop"),
    "not found": ([failing(404)], "404|Not Found|no"),
    "always busy": ([failing(500)], "500|Internal|no"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_not_kept_and_the_reason_is_said(server, tmp_path, kind):
    server.answers, reason = list(BAD[kind][0]), BAD[kind][1]
    began = time.monotonic()
    with pytest.raises(UserError, match=reason) as error:
        files.locate(remote(server), "mnist")
    assert time.monotonic() - began < 15
    assert "digits.gz" in str(error.value) and "--data-dir" in str(error.value)
    assert "digits.gz" not in cached(tmp_path)
    server.answers = [whole]  # once it is mended
    assert files.locate(remote(server), "mnist").read_bytes() == CONTENT
    TALLY["downloads from bad servers"] += 1


def test_a_redirection_to_another_https_address_is_followed(server):
    server.answers = [redirecting("/elsewhere"), whole]
    assert files.locate(remote(server), "mnist").read_bytes() == CONTENT


def test_a_server_with_a_false_certificate_is_not_believed(server, tmp_path):
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with pytest.raises(UserError, match="certificate verify failed"):
        files.locate(remote(server), "mnist")
    assert server.asked == [] and cached(tmp_path) == []


def test_without_a_server_the_error_names_the_file_and_where_to_put_it(server, tmp_path):
    gone = remote(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(UserError) as error:
        files.locate(gone, "mnist")
    said = str(error.value)
    assert "digits.gz is not here" in said and "--data-dir" in said and "refused" in said
    assert str(tmp_path / "home" / ".cache" / "paddle" / "dataset" / "mnist") in said
    assert cached(tmp_path) == []


@pytest.mark.parametrize("address", ["http://", "http://[", "http://127.0.0.1:99999", "http://127.0.0.1:x", "http://\udcff"])
def test_a_proxy_whose_address_is_none_is_said_to_be_the_reason(server, monkeypatch, address):
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("https_proxy", address)
    with pytest.raises(UserError, match="cannot be downloaded"):
        files.locate(remote(server), "mnist")
    assert server.asked == []


FETCH = "import sys; from data import files; print(files.locate(files.Remote(*sys.argv[1:4], int(sys.argv[4])), 'mnist'))"


def test_two_processes_at_once_fetch_it_once(server):
    def slowly(handler):
        time.sleep(0.5)
        whole(handler)

    server.answers = [slowly]
    what = remote(server)
    command = [sys.executable, "-c", FETCH, what.name, what.base, what.md5, str(what.size)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {process.communicate(timeout=60)[0].strip() for process in both}
    assert len(paths) == 1 and [process.returncode for process in both] == [0, 0]
    assert open(paths.pop(), "rb").read() == CONTENT  # noqa: SIM115
    assert len(server.asked) == 1


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10"])
def test_all_that_is_published_is_asked_for_by_https_with_its_size_and_sum(name):
    from data import cifar10, idx

    remotes = [cifar10.ARCHIVE] if name == "cifar10" else [r for split in idx.FILES[name].values() for r in split]
    assert len(remotes) in (1, 4)
    for one in remotes:
        assert one.base.startswith("https://") and len(one.md5) == 32 and one.size > 4000
