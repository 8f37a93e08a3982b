"""Each callback of the loop by itself: no training, and a trainer, a log and a display that note what they are asked for."""

import json
import signal
from types import SimpleNamespace

import cv2
import numpy as np
import paddle
import pytest

from data import Dataset, Order
from errors import NotFinite, WriteError
from tests.helpers import batch, equal, pictures, scalars_of, tiny, toy_dataset, values
from training import budget, callbacks, checkpoint, grids, health, run_log
from training import recipe as recipes
from training.alarms import PATIENCE
from training.algorithm import CriticStep
from training.budget import Budget
from training.callbacks import FiniteNumbers
from training.parallel import Team
from training.run_log import buckets

FIGURES = {"critic_loss": -0.1, "generator_loss": 0.2, "estimate": 0.1, "estimate_heldout": 0.1, "gradient_norm": 1.0}
SPEED = {"images_per_second": 1234.5, "batch_cost": 0.05, "reader_cost": 0.001}
PARTS = (*checkpoint.PARTS, checkpoint.AVERAGE)


class Notes:
    """Stands in for a RunLog, a progress display or a warning: notes each call as (name, arguments…)."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *arguments: self.calls.append((name, *arguments))

    def sizes(self):
        return {"log.jsonl": 7}

    def named(self, *names):
        return [call for call in self.calls if call[0] in names]


class Images(paddle.nn.Layer):
    """z N×latent → N×1×32×32 in one grey a sample; its weight decides nothing."""

    def __init__(self):
        super().__init__()
        self.weight = self.create_parameter([3])

    def forward(self, z):
        return paddle.tanh(z[:, :1]).reshape([-1, 1, 1, 1]).expand([-1, 1, 32, 32])


def trainer_of(**settings):
    """What callbacks see of a trainer."""
    images = Images()
    return SimpleNamespace(
        **{"recipe": tiny("wgan", **settings), "team": Team(), "shape": (1, 32, 32), "attempt": 0, "classes": {}},
        **{"critic_steps": 10, "images_seen": 80, "sampler": images, "generator_weights": [images.weight]},
        **{"critic_weights": [images.weight], "parts": lambda: {part: {"w": np.ones(2, "float32")} for part in PARTS}},
    )


def step(number=1, loss=-0.1, **more):
    """A step as the loop hands it on. more: of its fields."""
    losses = paddle.to_tensor(loss), paddle.to_tensor(0.2)
    made = callbacks.Step(number, batch(), None, CriticStep(losses[0], None, None, None), losses[1])
    for name, value in more.items():
        assert hasattr(made, name)
        setattr(made, name, value)
    return made


def test_health_is_measured_every_log_every_at_the_first_step_and_at_the_last(monkeypatch):
    seen = []
    monkeypatch.setattr(
        health, "measure", lambda trainer, held, real, number, *labels: seen.append(held) or {"estimate": number / 10}
    )
    dataset = toy_dataset(heldout=16)
    callback = callbacks.HealthFigures(trainer_of(log_every=3), dataset)
    figures = {}
    for number in range(1, 6):
        made = step(number, last=number == 5)
        callback.after(made)
        figures[number] = made.figures
    assert [number for number in figures if figures[number]] == [1, 3, 5]
    assert figures[3] == pytest.approx({"critic_loss": -0.1, "generator_loss": 0.2, "estimate": 0.3})
    heldout = values([paddle.to_tensor(dataset.batch(range(16), "heldout"))])[0]
    assert all(held.shape == [8, 1, 32, 32] for held in seen)
    assert all(any(np.array_equal(item, other) for other in heldout) for item in seen[0].numpy())
    assert len({item.tobytes() for held in seen for item in held.numpy()}) > 8, "not the same ones for ever"


def test_held_out_items_are_measured_with_their_own_labels(monkeypatch):
    seen = []
    monkeypatch.setattr(health, "measure", lambda trainer, held, real, number, *labels: seen.append((held, labels)) or {})
    both = pictures(56)
    dataset = Dataset("mnist-5k", both[:40], both[40:], np.arange(40) % 10, np.arange(16)[::-1] % 10)
    callbacks.HealthFigures(trainer_of(), dataset).after(step(1, labels=np.full(8, 7)))
    ((held, (of_held, of_real)),) = seen
    rows = [
        next(k for k, other in enumerate(dataset.batch(range(16), "heldout")) if np.array_equal(item, other))
        for item in held.numpy()
    ]
    np.testing.assert_array_equal(of_held, dataset.heldout_labels[rows])
    np.testing.assert_array_equal(of_real, np.full(8, 7))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_named_with_the_last_good_checkpoint(tmp_path, bad):
    saves = checkpoints_of(tmp_path, Notes(), checkpoint_every=4)
    for number in (4, 8):
        saves.after(step(number))
    (tmp_path / "checkpoints" / "step-000008" / "critic.safetensors").write_bytes(b"")
    callback = FiniteNumbers(trainer_of(), tmp_path)
    callback.after(step(5, figures=FIGURES))
    callback.after(step(5))
    with pytest.raises(NotFinite, match=r"^estimate not finite at step 5 of wgan .*; the last good checkpoint is step 4 in "):
        callback.after(step(5, figures={**FIGURES, "estimate": bad}))
    (tmp_path / "checkpoints" / "step-000004" / "state.json").unlink()
    with pytest.raises(NotFinite, match=r"critic_loss not finite at step 6 .*step \? in "):  # between the logged steps
        callback.after(step(6, loss=bad))


def test_weights_are_looked_at_before_they_are_saved(tmp_path):
    (tmp_path / "checkpoints" / "step-000000").mkdir(parents=True)
    trainer = trainer_of()
    callback = FiniteNumbers(trainer, tmp_path)
    assert set(callback.parts(1)) == set(PARTS)
    trainer.parts = lambda: {"generator": {"w": np.ones(2)}, "critic": {"w": np.array([1.0, np.nan])}}
    with pytest.raises(NotFinite, match="weights of critic not finite at step 2"):
        callback.parts(2)


def test_alarms_are_given_after_patience_and_go_on_from_their_state():
    recipe, dead = tiny("wgan"), {**FIGURES, "gradient_norm": 0.0}
    callback = callbacks.Alarms(recipe)
    warned = []
    for number in range(1, PATIENCE + 3):
        made = step(number, figures=dead)
        callback.after(made)
        warned += [number] if made.warnings else []
        callback.after(step(number))  # not a logged one
    assert warned == [PATIENCE]
    made = step(1, figures=dead)
    callbacks.Alarms(recipe, {"dead": PATIENCE - 1, "negative": 0}).after(made)
    assert len(made.warnings) == 1 and "dead" in made.warnings[0]


def test_the_log_gets_counters_clocks_and_figures_of_logged_steps():
    log, trainer = Notes(), trainer_of()
    callback = callbacks.Log(trainer, log, Budget(trainer.recipe))
    callback.begin()
    assert log.calls == [("settings", trainer.recipe, ["fd_lenet", "fd_vgg", "w1", "swd"])]
    made = step(2, figures=FIGURES)
    trainer.images_seen += 16
    callback.after(made)
    callback.after(step(3))
    ((_, number, line),) = log.named("write")
    assert number == 2 and line is made.line
    assert {**line, **FIGURES} == line and (line["critic_steps"], line["images_seen"]) == (10, 96)
    assert line["images_per_second"] > 0 and {"seconds", "cpu_seconds"} <= set(line)


def test_the_log_gets_the_mean_costs_of_the_steps_since_the_line_before(monkeypatch):
    log, trainer = Notes(), trainer_of()
    monkeypatch.setattr(callbacks, "time", SimpleNamespace(perf_counter=iter((100.0, 103.0, 104.5)).__next__))
    callback = callbacks.Log(trainer, log, Budget(trainer.recipe))
    for number, waited in enumerate((0.25, 0.75, 0.125), 1):
        trainer.images_seen += 30
        callback.after(step(number, waited=waited, figures=FIGURES if number > 1 else {}))
    (_, _, first), (_, _, second) = log.named("write")
    assert (first["images_per_second"], second["images_per_second"]) == (20, 20), "60 images in 3 seconds, 30 in 1.5"
    assert (first["reader_cost"], first["batch_cost"]) == (0.5, 1.5), "two steps in three seconds"
    assert (second["reader_cost"], second["batch_cost"]) == (0.125, 1.5)


def test_a_process_that_does_not_lead_has_the_line_and_writes_none():
    trainer = trainer_of()
    callback, made = callbacks.Log(trainer, None, Budget(trainer.recipe)), step(2, figures=FIGURES)
    callback.begin()
    callback.after(made)
    assert made.line["estimate"] == FIGURES["estimate"]


def test_a_person_sees_logged_steps_and_warnings():
    progress, warned = Notes(), []
    callback = callbacks.Words(progress, warned.append)
    callback.after(step(1))
    callback.after(step(2, line={**FIGURES, **SPEED}, warnings=["the critic is dead"]))
    ((name, number, text),) = progress.calls
    assert (name, number, warned) == ("show", 2, ["the critic is dead"])
    assert text == "losses -0.1 0.2  estimate 0.1 (0.1)"


def test_grids_come_at_sample_every_at_twentieths_of_the_budget_and_at_the_end(tmp_path):
    log, trainer = Notes(), trainer_of(sample_every=2)
    finite = FiniteNumbers(trainer, tmp_path)
    dataset = toy_dataset(100, native_size=28)
    callback = callbacks.Grids(trainer, dataset, tmp_path, log, finite)
    callback.begin()
    shown = grids.tiles(grids.read_png(grids.path_of_real(tmp_path)))[..., 0]
    np.testing.assert_array_equal(shown, dataset.train[Order(100, 0).take(0, 64), 0, 2:30, 2:30])
    for made in (step(1), step(2), step(3, milestone="twentieth"), step(5, last=True)):
        callback.after(made)
    names = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert names == ["real.png", *(f"step-{k:06d}.png" for k in (0, 2, 3, 5))]
    pictures = {name: cv2.imread(str(tmp_path / "samples" / name)) for name in names}
    assert pictures["real.png"].shape == (2 * (8 * 30 + 2), 2 * (8 * 30 + 2), 3), "64 images, 8 a row, without padding"
    assert equal([pictures["step-000000.png"]], [pictures["step-000005.png"]]), "the noise is fixed"
    assert [(tag, number) for _, tag, _, number in log.named("image")][:2] == [("samples/real", 0), ("samples/generated", 0)]
    assert {(tag, number, clip) for _, tag, _, number, clip in log.named("histogram")} == {
        (f"weights/{role}", k, clip)
        for role, clip in (("generator", None), ("critic", trainer.recipe.clip))
        for k in (0, 2, 3, 5)
    }
    assert trainer.recipe.clip


@pytest.mark.parametrize("leads", [True, False])
def test_samples_that_are_nan_end_a_training_in_all_its_processes(tmp_path, leads):
    """As running statistics or an average may make them where losses are finite: a grid would show them black."""
    trainer = trainer_of(sample_every=1)
    trainer.sampler.forward = lambda z: paddle.full([len(z), 1, 32, 32], np.nan)
    trainer.team.any = lambda here: bool(here) or not leads  # another process leads, and says so
    callback = callbacks.Grids(trainer, toy_dataset(), tmp_path, Notes() if leads else None, FiniteNumbers(trainer, tmp_path))
    with pytest.raises(NotFinite, match=r"^(samples|a figure) not finite at step 1 of wgan .*; the last good checkpoint is step"):
        callback.after(step(1))
    assert not (tmp_path / "samples").exists()


def test_in_a_comparison_the_real_items_are_its_report_s(tmp_path):
    folder = tmp_path / "runs" / "wgan"
    for record, tags in ((None, ["samples/real", "samples/generated"]), ("{}", ["samples/generated"])):
        if record:
            (tmp_path / "comparison.json").write_text(record)
        log, trainer = Notes(), trainer_of()
        callbacks.Grids(trainer, toy_dataset(), folder, log, FiniteNumbers(trainer, folder)).begin()
        assert [tag for _, tag, _, _ in log.named("image")] == tags
        assert (folder / "samples" / "real.png").is_file()


def test_histograms_show_the_bulk():
    """Scales of batch norm near 1, a few among many, would squeeze all other weights into one bar."""
    rng = np.random.default_rng(0)
    values, edges = buckets(np.concatenate([rng.normal(0, 0.02, 10_000), np.ones(40)]))
    counts, _ = np.histogram(values, edges)
    assert counts.sum() == 10_040 and (counts > 0).sum() > 30 and -0.1 < edges[0] < edges[-1] < 0.1
    clipped = np.clip(rng.normal(0, 0.02, 10_000), -0.03, 0.03)
    values, edges = buckets(clipped, clip=0.03)
    counts, _ = np.histogram(values, edges)
    middles = (edges[1:] + edges[:-1]) / 2
    marks = [int(np.abs(middles - c).argmin()) for c in (-0.03, 0.03)]
    np.testing.assert_allclose(middles[marks], [-0.03, 0.03])
    assert counts.sum() == 10_000 and (counts[marks] > 2 * np.delete(counts, marks).max() / 3).all()
    assert counts[: marks[0]].sum() == counts[marks[1] + 1 :].sum() == 0 and marks[0] > 2, "there is room beyond"
    assert buckets(np.zeros(5))[1].size == 41


def test_a_grid_that_cannot_be_written_is_an_error_that_names_it(tmp_path, monkeypatch):
    trainer = trainer_of(sample_every=1)
    callback = callbacks.Grids(trainer, toy_dataset(), tmp_path, Notes(), FiniteNumbers(trainer, tmp_path))
    (tmp_path / "samples").write_text("a file")
    with pytest.raises(WriteError, match="samples"):
        callback.after(step(1))


def test_a_signal_marks_the_step_unless_it_is_the_last():
    received = []
    callback = callbacks.Signals(Team(), received)
    made = [step(1), step(2), step(3, last=True)]
    callback.after(made[0])
    received.append(signal.SIGINT)
    callback.after(made[1])
    callback.after(made[2])
    assert [each.interrupted for each in made] == [0, signal.SIGINT, 0]


def test_a_signal_to_another_process_marks_the_step_here_too():
    team, made = SimpleNamespace(any=lambda flag: True), step(1)
    callbacks.Signals(team, []).after(made)
    assert made.interrupted == signal.SIGTERM


def checkpoints_of(folder, log, **settings):
    trainer, dataset = trainer_of(**settings), toy_dataset()
    finite, alarms = FiniteNumbers(trainer, folder), callbacks.Alarms(trainer.recipe)
    return callbacks.Checkpoints(trainer, dataset, folder, log, finite, alarms, Budget(trainer.recipe))


def test_checkpoints_come_at_their_interval_at_fifths_at_the_end_and_after_a_signal(tmp_path, monkeypatch):
    callback = checkpoints_of(tmp_path, Notes(), checkpoint_every=4, keep_checkpoints=10)
    callback.alarms.monitor.state.update(dead=2, negative=1)
    monkeypatch.setattr(callback.budget, "seconds", lambda: 7.5)
    monkeypatch.setattr(callback.budget, "cpu_seconds", lambda: 2.5)
    callback.begin()
    steps = [step(1), step(2, milestone="twentieth"), step(3, milestone="fifth"), step(4), step(5, interrupted=15)]
    for made in [*steps, step(6), step(7, last=True)]:
        callback.after(made)
    assert checkpoint.list_steps(tmp_path) == [0, 3, 4, 5, 7]
    parts, state = checkpoint.load(checkpoint.path_of(tmp_path, 5))
    assert set(parts) == set(PARTS)
    assert (state["step"], state["critic_steps"], state["logs"], state["shape"]) == (5, 10, {"log.jsonl": 7}, [1, 32, 32])
    assert state["alarms"] == {"dead": 2, "negative": 1} and json.dumps(state["recipe"])
    assert (state["seconds"], state["cpu_seconds"]) == (7.5, 2.5)


def test_only_the_process_with_a_log_saves(tmp_path):
    callback = checkpoints_of(tmp_path, None, checkpoint_every=1)
    callback.begin()
    callback.after(step(1))
    assert list(tmp_path.iterdir()) == []


def test_the_display_moves_at_each_step_but_an_interrupted_one():
    progress = Notes()
    callback = callbacks.Progress(progress)
    for made in (step(1), step(2), step(3, interrupted=2)):
        callback.after(made)
    assert progress.calls == [("step", 1), ("step", 2)]


def test_visualdl_compares_recipes_by_what_differs_and_by_what_they_read():
    wgan, dcgan = (run_log.columns(tiny(model, network="dcgan")) for model in ("wgan", "dcgan"))
    assert list(wgan)[:5] == ["model", "data", "seed", "objective", "clip"] and list(wgan) == list(dcgan), "the same columns"
    assert not {"log_every", "on_nan", "image_size"} & set(wgan)
    assert (wgan["beta1"], wgan["units"], wgan["clock"], dcgan["clip"]) == ("–",) * 4 and dcgan["beta1"] != "–"
    assert run_log.columns(tiny("wgan", steps=budget.UNREACHED, minutes=2))["steps"] == "–"
    assert all(isinstance(value, (int, float, str)) and not isinstance(value, bool) for value in wgan.values())


def test_visualdl_hides_no_run_behind_a_column_that_others_have_as_numbers():
    """Where the first run's value is a number, a run that has a text there has no row on VisualDL 2.5.3's page."""
    of_all = [run_log.columns(recipes.load(name)) for name in recipes.names()]
    of_all.append(run_log.columns(recipes.load("wgan", overrides={"steps": budget.UNREACHED, "minutes": 2, "network": "mlp"})))
    for column in of_all[0]:
        assert len({type(columns[column]) for columns in of_all}) == 1, column


def test_each_figure_has_its_own_curve_in_visualdl(tmp_path):
    """Where runs overlay, a curve under another's name would be believed."""
    figures = {name: float(number) for number, name in enumerate(run_log.TAGS)}
    log = run_log.RunLog(tmp_path)
    log.write(3, figures)
    log.close()
    curves = {tag: points for tag, points in scalars_of(tmp_path).items() if points}
    named = {"d_real": "probability/real", "d_fake": "probability/fake", "critic_loss": "loss/critic", "penalty": "loss/penalty"}
    named |= {"generator_loss": "loss/generator", "estimate": "estimate/train", "estimate_heldout": "estimate/heldout"}
    for name, tag in named.items():
        assert [value for _, value in curves[tag]] == [figures[name]], name
    assert len(curves) == len(figures)
