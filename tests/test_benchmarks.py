"""The benchmarks: a worker does what it is told, and the pages hold what was measured."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import paddle
import pytest

from benchmarks import convolutions, inference, loop, machine, memory
from benchmarks.process import Process
from benchmarks.table import in_chinese, markdown
from benchmarks.throughput import ROWS, Worker, rows_of
from benchmarks.worker import CLOCKS, recipe_of, sustained
from errors import UserError
from experiments.store import ROOT
from models.networks import patches
from reporting.table import grouped

MEASURED = json.loads((ROOT / "docs" / "throughput.json").read_text(encoding="utf-8"))["rows"]
OTHERS = {"wall": {"loop": 1.5, "product": 0.2}, "cpu": {"product": 0.4}}


@pytest.mark.parametrize(("variant", "clock"), [("plain", "wall"), ("ours", "wall"), ("loop", "wall"), ("ours", "cpu")])
def test_a_worker_answers_with_seconds(variant, clock):
    worker = Worker(variant, ("wgan", "dcgan", 4, "mnist-5k"), clock=clock)
    kinds = ["loop"] if variant == "loop" else ["critic", "generator"]
    try:
        assert all(0 < worker.step(kind) < 60 for kind in kinds)
        environment = Path(f"/proc/{worker.processes[0].pid}/environ").read_bytes().split(b"\0")
        assert (b"OMP_NUM_THREADS=1" in environment) == (clock == "cpu")
    finally:
        worker.close()


def test_what_is_made_for_the_loop_is_no_part_of_its_time(call, monkeypatch):
    """Of the first chunk's seconds the overhead would be as much as what is measured."""
    from training import trainer

    made, record, game, begin = [], loop.RunLog, trainer.GANTrainer, loop.Stopwatch.begin
    monkeypatch.setattr(loop, "RunLog", lambda folder: (made.append("log"), record(folder))[1])
    monkeypatch.setattr(trainer, "GANTrainer", lambda *of: (made.append("trainer"), game(*of))[1])
    monkeypatch.setattr(loop.Stopwatch, "begin", lambda self: (made.append("begin"), begin(self)))
    for name, value in {"FILTERS": 4, "STEPS": 2, "CHUNK": 1}.items():
        monkeypatch.setattr(loop, name, value)
    result = call("benchmarks.loop")
    assert result.status == 0 and "of the bare throughput" in result.out
    assert made == ["trainer", "trainer", "log", "begin"]


def test_ways_of_drawing_samples_are_timed(tmp_path):
    number = list(inference.GENERATORS).index("mlp")
    inference.export_one(number, tmp_path)
    for way in ("sample", "infer"):
        process = Process("inference", "--one", way, tmp_path)
        try:
            process.wait_until_ready()
            process.tell(f"{number} 4")
            assert 0 < float(process.answer()) < 1000, "milliseconds a sample"
        finally:
            process.close()


def test_the_peak_of_a_command_is_its_own():
    code = """from benchmarks import memory; print(memory.peak("-c", "b'x' * 300_000_000"), memory.peak("-c", ""))"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    large, small = map(float, done.stdout.split())
    assert small < 100 and 300 < large < 330
    with pytest.raises(UserError, match="does not exist"):
        memory.peak("eval.py", "nowhere")


def test_the_cpu_clock_is_of_one_thread():
    """Two threads would take two seconds of the processor's time a second; sleeping takes none."""
    now, steps = CLOCKS["cpu"], []
    assert (
        sustained(lambda: steps.append(time.sleep(0.05)), 2, now) < 0.03 < sustained(lambda: time.sleep(0.05), 2, CLOCKS["wall"])
    )
    assert len(steps) == 3


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_row_takes_one_batch_size_and_no_average(row):
    recipe = recipe_of(*row)
    assert recipe.batch_size == recipe.generator_batch == (256 if row[-1] == "25gaussians" else 64)
    assert recipe.ema == 0 and recipe.n_critic_at(0) == recipe.n_critic


def test_rows_say_threads_and_clock():
    row, steps = ("wgan-paper", "dcgan", 32, "mnist-5k"), {"critic": 0.2, "generator": 0.1}
    times = {"plain": {"critic": 0.4, "generator": 0.4}, "ours": steps, "pytorch": steps}
    operations = {"critic": 2e9, "generator": 1e9}
    rows = [one for clock in ("wall", "cpu") for one in rows_of(row, clock, times, OTHERS[clock], operations)]
    tables = grouped(rows, "clock")
    assert {clock: [one["step"] for one in table if one["variant"] == "ours"] for clock, table in tables.items()} == {
        "wall": ["critic", "generator", "loop"],
        "cpu": ["critic", "generator"],
    }
    assert {one["threads"] for one in tables["cpu"]} == {1}
    assert tables["cpu"][1]["over_plain"] == pytest.approx(2)
    assert tables["cpu"][1]["images_per_second"] == pytest.approx(64 / 0.2)
    assert tables["cpu"][1]["share_of_product"] == pytest.approx(2e9 / 0.2 / (2 * 2048**3 / OTHERS["cpu"]["product"]))
    assert tables["wall"][-1]["images_per_second"] == pytest.approx(5 * 64 / OTHERS["wall"]["loop"])
    assert "loop" not in markdown(tables["cpu"]) and "| 200.0 |" in markdown(tables["cpu"])


def test_the_record_names_the_machine():
    record = machine.record()
    assert record["cores"] >= 1 and re.fullmatch(r"\d{4}-\d\d-\d\d", record["date"]) and "numpy" in record["versions"]


@pytest.mark.parametrize("clock", grouped(MEASURED, "clock"))
def test_the_table_is_that_of_the_json(clock):
    table = markdown(grouped(MEASURED, "clock")[clock])
    assert table in (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert in_chinese(table) in (ROOT / "docs" / "zh" / "performance.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "README_zh.md"])
@pytest.mark.parametrize(("model", "network", "filters"), [("wgan", "dcgan", 64), ("wgan-gp", "dcgan", 64)])
def test_the_readme_holds_the_measured_milliseconds(page, model, network, filters):
    at = {"model": model, "network": network, "filters": filters, "step": "critic", "data": "mnist-5k"}
    found = {row["variant"]: row for row in grouped(MEASURED, "clock")["wall"] if at.items() <= row.items()}
    text = (ROOT / page).read_text(encoding="utf-8")
    said = [f"{1e3 * found[variant]['seconds']:.1f}" for variant in ("ours", "plain", "pytorch")]
    said += [f"{found['ours']['over_plain']:.1f}", f"{found['ours']['over_pytorch']:.2f}"]
    for number in said:
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", text), number


@pytest.mark.skipif(not patches.suits(paddle.zeros([1])), reason="resnet's convolutions are Paddle's here")
def test_convolutions_are_timed_in_each_way(monkeypatch):
    for constant, number in (("BATCH", 2), ("FILTERS", 2), ("ROUNDS", 1)):
        monkeypatch.setattr(convolutions, constant, number)
    few = patches.FLOATS
    for kind, side in convolutions.ROWS[2:]:
        times = convolutions.measured(kind, side)
        assert {step for _, step in times} == {"forward", "with gradients"} and len(times) in (6, 8)
        assert min(times.values()) > 0
    assert few == patches.FLOATS
