"""Two hosts with addresses of their own, joined by Paddle's launcher, do the training of one process, and end together."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from benchmarks import network, relay
from benchmarks.process import Process
from errors import TrainingError, UserError
from tests.helpers import ROOT, TINY_FLAGS, log_of, program, run_program, weights_of
from tests.test_parallel import difference, twenty_steps
from training import checkpoint, hosts, launch

TRAIN = [ROOT / "train.py", "--model", "wgan", "--data", "mnist-5k", *TINY_FLAGS, "-o", "ema=0.9", "-o", "checkpoint_every=10"]
GONE = "train.py: error: another process of this training has ended, or its host cannot be reached"


@pytest.fixture
def pair():
    with contextlib.ExitStack() as stack:
        try:
            both = stack.enter_context(network.two_hosts())
        except UserError as error:
            pytest.skip(str(error))
        yield both


class Launched:
    """Paddle's launcher on each host, with one process. folders: in which they run."""

    def __init__(self, pair, folders, *command):
        self.team, self.logs = [], []
        for rank, (host, folder) in enumerate(zip(pair, folders)):
            self.logs.append(folder / f"log{rank}" / "workerlog.0")
            self.logs[-1].unlink(missing_ok=True)
            words = ["-m", "paddle.distributed.launch", "--master", f"{pair[0].address}:6170", "--nnodes", 2, "--rank", rank]
            words += ["--host", host.address, "--nproc_per_node", 1, "--log_dir", self.logs[-1].parent, *command]
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
            streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            self.team.append(subprocess.Popen(host.command(sys.executable, *words), cwd=folder, env=environment, **streams))

    def said(self, rank):
        return self.logs[rank].read_text() if self.logs[rank].exists() else ""

    def errors(self, rank):
        return [line for line in self.said(rank).splitlines() if "error:" in line]

    def wait(self, timeout):
        """The exit statuses of the two launchers."""
        deadline = time.monotonic() + timeout
        return [process.wait(timeout=max(0.1, deadline - time.monotonic())) for process in self.team]

    def wait_for_step(self, run, number):
        """Until the log of the run says so many steps."""
        deadline = time.monotonic() + 90
        while not (run / "log.jsonl").exists() or len((run / "log.jsonl").read_text().splitlines()) < number:
            assert time.monotonic() < deadline and self.team[0].poll() is None, self.said(0) + self.said(1)
            time.sleep(0.1)


def kill(host):
    """All processes of a host at once, as when its power fails."""
    pids = subprocess.run(["ip", "netns", "pids", host.name], capture_output=True, text=True).stdout.split()
    for pid in pids:
        os.kill(int(pid), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "settings"),
    [("wgan-paper", ["network=dcgan", "ema=0.9"]), ("wgan-gp-paper", ["network=dcgan", "generator_batch_size=12"])],
)
def test_two_hosts_end_with_the_parameters_of_one_process(pair, tmp_path, model, settings):
    one = twenty_steps(tmp_path, 1, model, *settings)
    both = Launched(pair, [tmp_path] * 2, ROOT / "tests" / "parallel_worker.py", tmp_path / "2.npz", model, *settings)
    assert both.wait(240) == [0, 0], both.said(0) + both.said(1)
    with np.load(tmp_path / "2.npz") as found:
        two = dict(found)
    assert set(one) == set(two)
    for part in {name.partition("/")[0] for name in one}:
        assert difference({name: array for name, array in one.items() if name.startswith(f"{part}/")}, two) < 1e-5
    assert all(host.sent(host.name) > 20 * 1000 for host in pair), "bytes went from one to the other"


@pytest.mark.slow
@pytest.mark.parametrize("how", ["killed", "unplugged"])
@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_host_ends_the_other_with_its_reason(pair, tmp_path, how, lost):
    both = Launched(pair, [tmp_path] * 2, *TRAIN, "--steps", 100_000, "--out", "run")
    both.wait_for_step(tmp_path / "run", 3)
    if how == "killed":
        kill(pair[lost])
    else:
        pair[lost].connect(False)
    began = time.monotonic()
    assert both.team[1 - lost].wait(timeout=30) != 0
    assert time.monotonic() - began < 20
    errors = both.errors(1 - lost)
    assert len(errors) == 1 and errors[0].startswith(GONE), both.said(1 - lost)
    if how == "unplugged":  # each of the two has lost the other
        assert both.team[lost].wait(timeout=20) != 0 and both.errors(lost)[0].startswith(GONE)
    assert checkpoint.newest(tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_two_hosts_resume_to_the_bit(pair, tmp_path, how):
    folders, steps = [tmp_path] * 2, ["--steps", 60]
    assert (both := Launched(pair, folders, *TRAIN, *steps, "--out", "whole")).wait(240) == [0, 0], both.said(0)
    both = Launched(pair, folders, *TRAIN, *steps, "--out", "parts")
    both.wait_for_step(tmp_path / "parts", 20)
    if how == "SIGTERM":
        for process in both.team:
            process.terminate()
    else:
        for host in pair:
            kill(host)
    assert 0 not in both.wait(60)
    reached = checkpoint.list_steps(tmp_path / "parts")[-1]
    assert 10 <= reached < 60, both.said(0) + both.said(1)
    if how == "SIGKILL":
        assert reached % 10 == 0, "of checkpoint_every"
    else:
        assert reached == log_of(tmp_path / "parts")[-1]["step"], "of the last step"
    both = Launched(pair, folders, ROOT / "train.py", "--out", "parts", "--resume")
    assert both.wait(240) == [0, 0], both.said(0) + both.said(1)
    assert f"going on from parts/checkpoints/step-{reached:06d}" in both.said(0)
    assert log_of(tmp_path / "whole") == log_of(tmp_path / "parts")
    assert weights_of(tmp_path / "whole", 60) == weights_of(tmp_path / "parts", 60) != {}


@pytest.mark.slow
def test_hosts_that_do_not_see_the_same_checkpoint_are_told_so(pair, tmp_path):
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    both = Launched(pair, folders, *TRAIN, "--steps", 4, "--out", "run")
    assert both.wait(120) == [0, 0], both.said(0) + both.said(1)  # only the first process writes: disks of their own will do
    assert (folders[0] / "run").is_dir() and not (folders[1] / "run").exists()
    both = Launched(pair, folders, *TRAIN, "--steps", 8, "--out", "run", "--resume")
    assert 0 not in both.wait(120)
    for rank in range(2):
        assert len(both.errors(rank)) == 1 and "must lie on a disk that all hosts share" in both.errors(rank)[0]
    assert checkpoint.list_steps(folders[0] / "run")[-1] == 4
    both = Launched(pair, folders, ROOT / "train.py", "--out", "run", "--resume")
    assert both.team[1].wait(timeout=60) != 0
    assert "run is no run here" in both.errors(1)[0]


def test_hosts_that_call_themselves_loopback_are_told_so(monkeypatch):
    monkeypatch.setenv("PADDLE_TRAINER_ID", "0")
    monkeypatch.setenv("PADDLE_TRAINERS_NUM", "2")
    monkeypatch.setenv("PADDLE_CURRENT_ENDPOINT", "10.0.0.1:6170")
    monkeypatch.setenv("PADDLE_TRAINER_ENDPOINTS", "10.0.0.1:6170,127.0.1.1:6170")
    assert launch.is_worker(), "one host, for all one knows"
    monkeypatch.setenv("PADDLE_NNODES", "2")
    with pytest.raises(UserError, match=r"calls itself 127\.0\.1\.1:6170.*--host"):
        launch.is_worker()


def test_a_launcher_s_processes_must_divide_the_batch(tmp_path):
    own = launch.environments(3, "cpu")[1]
    flags = ["--model", "wgan", "--batch-size", 64, "--out", "run"]
    status, out, error = run_program("train.py", *flags, cwd=tmp_path, env=own)
    assert (status, out) == (2, "") and "batch_size 64 does not divide" in error


def test_processes_of_different_recipes_are_told_so(tmp_path):
    team = []
    for seed, own in enumerate(launch.environments(2, "cpu")):
        team.append(program(*TRAIN, "--seed", seed, "--out", "run", cwd=tmp_path, env=own))
    for process in team:
        _, error = process.communicate(timeout=100)
        assert process.returncode == 2
        assert error.endswith("train.py: error: the 2 processes of this training do not have the same recipe\n")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("address", "watched"), [("127.0.0.2", True), ("127.0.0.1", False)])
def test_a_connection_to_another_address_is_watched(address, watched):
    with contextlib.ExitStack() as stack:
        with hosts.watched_connections():
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            client = stack.enter_context(socket.create_connection(server.getsockname(), source_address=(address, 0)))
        assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == watched * 1000 * hosts.SILENCE
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == watched
        assert client.getblocking() and server.fileno() > 0, "both stay open and as they were"


def test_the_interface_is_the_one_with_the_process_s_address(monkeypatch):
    assert hosts.interface_of("127.0.0.1") is hosts.interface_of("localhost") is hosts.interface_of("192.0.2.1") is None
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "")  # so that what is set below is forgotten at the end
    monkeypatch.delenv("GLOO_SOCKET_IFNAME")
    monkeypatch.setenv("PADDLE_CURRENT_ENDPOINT", "127.0.0.1:6170")
    hosts.choose_interface()
    assert "GLOO_SOCKET_IFNAME" not in os.environ, "one host's processes meet as before"
    monkeypatch.setattr(hosts, "interface_of", {"10.0.0.1": "eth1"}.get)
    monkeypatch.setenv("PADDLE_CURRENT_ENDPOINT", "10.0.0.1:6170")
    hosts.choose_interface()
    assert os.environ["GLOO_SOCKET_IFNAME"] == "eth1"
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "ib0")
    hosts.choose_interface()
    assert os.environ["GLOO_SOCKET_IFNAME"] == "ib0", "the user's own"


def test_a_process_waits_for_the_first_one_but_not_for_ever():
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))  # and does not listen yet
        port = first.getsockname()[1]
        with pytest.raises(TrainingError, match=rf"not come to 127\.0\.0\.1:{port} within 0.005 minutes"):
            hosts.wait_for("127.0.0.1", port, 0.3)
        threading.Timer(0.5, first.listen).start()
        began = time.monotonic()
        hosts.wait_for("127.0.0.1", port, 20)
        assert 0.5 < time.monotonic() - began < 5


CLIENT = """
import socket, sys, time
link = socket.create_connection((sys.argv[1], 7000)); link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
times = []
for _ in range(10):
    began = time.perf_counter(); link.sendall(b"x"); link.recv(1); times.append(time.perf_counter() - began)
began = time.perf_counter(); link.sendall(bytes(10_000_000)); link.recv(1)
print(min(times), time.perf_counter() - began)
"""
SERVER = """
import socket, sys
with socket.create_server((sys.argv[1], 7000)) as server:
    print(flush=True); link, _ = server.accept(); link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(10): link.sendall(link.recv(1))
    left = 10_000_000
    while left: left -= len(link.recv(left))
    link.sendall(b"x")
"""


def test_the_slow_link_is_as_slow_as_asked(pair):
    if not os.access(relay.TUN, os.W_OK):
        pytest.skip(f"no {relay.TUN}")
    one, other = pair
    link = Process("relay", one.name, other.name, 1e8, 0.005)  # slower than the page's: this machine may have other work
    link.wait_until_ready()
    with subprocess.Popen(other.command(sys.executable, "-c", SERVER, relay.ADDRESSES[1]), stdout=subprocess.PIPE) as server:
        server.stdout.readline()
        said = subprocess.run(one.command(sys.executable, "-c", CLIENT, relay.ADDRESSES[1]), capture_output=True, text=True)
    there_and_back, ten_megabytes = map(float, said.stdout.split())
    assert 0.010 < there_and_back < 0.02
    assert 0.8 < ten_megabytes < 1.5
    assert 10_000_000 < one.sent(relay.LINK) < 10_500_000
    assert float(link.close()) < 2
