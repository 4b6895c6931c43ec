"""`metadata fetch`: a published list from a real server on loopback, a mirror or a file, into a cache of its own."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from naughty_server import drip, naughty_server, serve, status
from pools import run

from jobs.entries import fetch
from metadata import published
from metadata.entries import load_entries

LIST = b'["cat", "New York", "of"]'
OTHER = b'["cat", "New York", "on"]'


@pytest.fixture
def server(monkeypatch, tmp_path):
    """The list at an address of a server, with a policy that gives up soon, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    soon = replace(fetch._POLICY, breaks=2, break_wait_s=0.05, refused_wait_s=0.05, patience_s=0.3, doubt_s=0.1)
    monkeypatch.setattr(fetch, "_POLICY", replace(soon, slow_s=0.5, read_timeout_s=1.0))
    with naughty_server() as naughty:
        naughty.files["/metadata.json"] = LIST
        listed = published.PUBLISHED["metaclip"]
        here = replace(listed, address=f"{naughty.address}/metadata.json", entries=3)
        monkeypatch.setitem(published.PUBLISHED, "metaclip", here)
        yield naughty


def cached(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}


def test_the_right_file_and_its_use(server, tmp_path, capsys):
    assert run("metadata", "show", "metaclip") == 2
    assert "metaclip: this list is not fetched yet: run `ballast metadata fetch metaclip" in capsys.readouterr().err
    assert run("metadata", "fetch", "metaclip", "--accept-license") == 0
    digest = sha256(LIST).hexdigest()
    said = capsys.readouterr().out
    assert f"SHA-256  {digest}, as first seen" in said and "CC-BY-NC 4.0" in said and "3 entries" in said
    folder = tmp_path / "cache/ballast"
    assert (folder / "metaclip.json").read_bytes() == LIST
    about = json.loads((folder / "metaclip.fetched.json").read_bytes())
    assert (about["address"], about["bytes"], about["sha256"]) == (f"{server.address}/metadata.json", 25, digest)
    assert load_entries("metaclip").entries == ("cat", "New York", "of")
    assert run("explain", "a cat", "--metadata", "metaclip") == 0
    capsys.readouterr()
    assert run("metadata", "fetch", "metaclip", "--accept-license") == 0
    assert f"{digest}, as fetched before" in capsys.readouterr().out
    (folder / "metaclip.json").write_bytes(OTHER)
    assert run("explain", "a cat", "--metadata", "metaclip") == 2
    assert "has changed since it was fetched" in capsys.readouterr().err


def test_the_licence_is_accepted_first(server, tmp_path, capsys):
    assert run("metadata", "fetch", "metaclip") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "CC-BY-NC 4.0" in line and line.endswith("accept it with --accept-license")
    assert server.asked == [] and not cached(tmp_path)
    assert run("metadata", "fetch", "laion", "--accept-license") == 2
    assert "'laion' is no published list" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("action", "code", "why"),
    [
        (status(404), 1, "cannot be fetched: 404 Not Found; download it by other means, then name the file"),
        (status(503), 1, "cannot be fetched: "),
        (serve(until=9), 1, "cannot be fetched: "),
        (drip, 1, "cannot be fetched: "),
        (serve(), 2, "holds 2 entries, but metaclip has 3: another file"),
    ],
    ids=["404", "503", "truncated", "slow", "other"],
)
def test_what_fails_leaves_no_file(server, tmp_path, capsys, action, code, why):
    server.files["/metadata.json"] = b'["cat", "dog"]' if code == 2 else b'["' + b"x" * 4000 + b'"]'
    server.script, server.etag = [action], None
    assert run("metadata", "fetch", "metaclip", "--accept-license") == code
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line and f"{server.address}/metadata.json" in line
    assert not cached(tmp_path)


def test_a_server_that_does_not_answer_and_a_file_instead(server, tmp_path, capsys):
    for given, why in (
        ("http://127.0.0.1:1/x", "cannot be reached"),
        (tmp_path / "none.json", "none.json: cannot be read"),
    ):
        assert run("metadata", "fetch", "metaclip", "--accept-license", "--from", given) != 0
        (line,) = capsys.readouterr().err.splitlines()
        assert why in line and "this batch" not in line
    (tmp_path / "here.json").write_bytes(LIST)
    assert run("metadata", "fetch", "metaclip", "--accept-license", "--from", tmp_path / "here.json") == 0
    assert load_entries("metaclip").size == 3


def test_a_redirect_and_another_hash(server, tmp_path, capsys):
    server.files["/moved"] = LIST
    server.script = [status(302, Location="/moved"), serve()]
    assert run("metadata", "fetch", "metaclip", "--accept-license") == 0
    capsys.readouterr()
    server.script, server.files["/metadata.json"] = [], OTHER
    assert run("metadata", "fetch", "metaclip", "--accept-license") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"its SHA-256 is {sha256(OTHER).hexdigest()}, but {sha256(LIST).hexdigest()} was fetched before" in line
    assert load_entries("metaclip").entries[-1] == "of"
