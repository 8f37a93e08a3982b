"""What the page of app.py is made of, without a browser: its errors on one line, its words, its processes, its lists."""

import base64
import io
import json
import re
import shutil
import socket
import subprocess
import sys
from functools import partial
from importlib import metadata
from string import Formatter
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from PIL import Image

from errors import UserError
from reporting import samples, score_store, strip
from tests import helpers
from tests.helpers import ROOT, files_below
from training import checkpoint, grids
from training.run import read_recipe
from web import POINTS, cards, catalogue, comparisons, origin, processes, server, words
from web.processes import Pool


def test_without_gradio_or_with_an_old_one_it_is_one_line(refused, monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", version)
    assert refused("app") == "app.py: error: app.py needs Gradio: pip install -r requirements-app.txt"
    monkeypatch.setattr("importlib.metadata.version", lambda name: "5.49.1")
    assert "Gradio 5.49.1 is too old" in refused("app")


def test_a_port_that_is_taken_is_one_line_and_without_one_the_next_is_taken(refused, monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: "6.31.0")
    taken = server.listen("127.0.0.1", 17860, exact=False)
    with taken:
        number = taken.getsockname()[1]
        assert f"--port {number}" in refused("app", "--port", number)
        with server.listen("127.0.0.1", number, exact=False) as other:
            assert other.getsockname()[1] > number


@pytest.mark.parametrize(
    ("host", "why"),
    [("no.such.host.invalid", ""), ("192.0.2.1", "Cannot assign requested address"), ("ä..b", "this is no name of a host")],
)
def test_a_host_that_is_none_is_named_and_looked_up_once(refused, monkeypatch, host, why):
    monkeypatch.setattr("importlib.metadata.version", lambda name: "6.31.0")
    tried, bind = [], socket.socket.bind

    class Socket(socket.socket):
        def bind(self, address):
            tried.append(address)
            return bind(self, address)

    monkeypatch.setattr(server.socket, "socket", Socket)
    said = refused("app", "--host", host)
    assert said.startswith(f"app.py: error: --host {host}: ") and why in said and "--port" not in said and len(tried) == 1


def test_help_comes_without_gradio_and_paddle(tmp_path):
    """By AI Studio's name of the file, too."""
    for name in ("app.py", "app.gradio.py"):
        code = f"import atexit, runpy, sys; sys.argv = ['{name}', '--help']; heavy = {{'paddle', 'gradio', 'uvicorn'}}\n"
        code += "atexit.register(lambda: print(sorted(heavy & set(sys.modules))))\n"
        code += f"sys.path.insert(0, {str(ROOT)!r}); runpy.run_path({str(ROOT / name)!r}, run_name='__main__')"
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and "--port" in done.stdout and done.stdout.rstrip().endswith("[]"), done.stderr


def fields(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_everything_with_the_same_values():
    for key, (english, chinese) in words.WORDS.items():
        assert fields(english) == fields(chinese), key
        assert chinese and english, key
    assert set(words.TOLD) <= set(words.WORDS)


def test_all_points_can_be_chosen_and_those_of_a_user_s_own_have_their_name():
    assert {"8gaussians", "25gaussians", "swissroll", "2lines"} <= set(POINTS) and "mnist-5k" not in POINTS
    assert words.of_data("2lines", "zh") == "两条线段" and words.of_data("my-points", "zh") == "my-points"


def test_a_picture_is_sample_py_s(run):
    from web.drawing import Painter

    (drawn,) = Painter().draw(sources=[str(run)], count=16, seed=3, towards=5, share=0.0)
    own = Image.open(io.BytesIO(base64.b64decode(drawn["png"])))
    scale = own.width // (4 * 30 + 2)
    from training import sampling
    from training.run import find_checkpoint
    from training.trainer import rebuild

    trainer, state = rebuild(find_checkpoint(run)[1])
    items = sampling.generate(trainer.sampler, samples.noise(3, 16, trainer.recipe.latent))
    wanted = grids.grid(samples.crop_to(samples.to_uint8(items), state["native_size"]), 4, scale)
    assert np.array_equal(np.asarray(own), wanted)


def test_a_chosen_class_is_sample_py_s_and_others_say_that_they_have_none(tmp_path, mnist_dir, run):
    from web.drawing import Painter

    flags = [*helpers.TINY_FLAGS, "--steps", 2, "--data", "mnist", "--data-dir", mnist_dir, "-o", "conditional=true"]
    helpers.in_process("train", "--model", "wgan-paper", "--network", "dcgan", *flags, "--out", tmp_path / "cond")
    asked = {"sources": [str(tmp_path / "cond"), str(run)], "count": 16, "seed": 3, "towards": 5, "share": 0.0}
    every, _ = Painter().draw(**asked)
    conditional, other = Painter().draw(**asked, chosen="7")
    assert conditional["classes"] == [str(digit) for digit in range(10)] and other["classes"] == []
    assert conditional["png"] != every["png"]
    helpers.in_process("sample", tmp_path / "cond", "--seed", 3, "--n", 16, "--classes", 7, "--out", tmp_path / "c.npz")
    wanted = np.load(tmp_path / "c.npz")["images"]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(conditional["png"]))))
    scale = picture.shape[1] // (4 * 30 + 2)
    assert np.array_equal(grids.tiles(picture[::scale, ::scale], 4)[..., 0], wanted)
    assert "class 7" in cards.picture(other, str(run), 3, 16, None, "7", "en")
    assert "class 7" not in cards.picture(conditional, str(run), 3, 16, None, "7", "en")


def test_one_source_that_cannot_be_read_leaves_the_others(run):
    from web.drawing import Painter

    long = "n" * 300  # longer than a name may be: nobody can tell whether it is there
    asked = {"sources": [str(run), None, "nowhere", long], "count": 1, "seed": 0, "towards": 1, "share": 0.5}
    one, none, other, odd = Painter().draw(**asked)
    assert one["latent"] == 8 and none is None and "nowhere is neither a run nor a checkpoint" in other["error"]
    assert odd["error"].endswith("cannot be read: File name too long")


def test_a_run_that_has_gone_on_is_drawn_from_its_newest_checkpoint(run):
    from web.drawing import Painter

    painter, asked = Painter(), {"sources": [str(run)], "count": 1, "seed": 0, "towards": 0, "share": 0.0}
    newest = max((run / "checkpoints").iterdir())
    aside = newest.rename(run / newest.name)
    (before,) = painter.draw(**asked)
    aside.rename(newest)
    (after,) = painter.draw(**asked)
    assert after["png"] != before["png"]


def test_the_list_has_runs_with_checkpoints_and_the_first_choice_differs_in_the_model(run, runs_to_copy, monkeypatch):
    monkeypatch.chdir(run.parent)
    monkeypatch.setattr(catalogue.run, "WEIGHTS", run.parent / "weights")
    runs = run.parent / "runs"
    for name in ("wgan", "mlp"):
        shutil.copytree(runs_to_copy / name, runs / name)
    shutil.copytree(runs_to_copy / "wgan", runs / "begun")
    shutil.rmtree(runs / "begun" / "checkpoints")
    assert {name.rpartition("/")[2] for name in catalogue.sources(runs)} == {"wgan", "mlp"}
    assert len(catalogue.first(catalogue.sources(runs), 3)) == 1  # both are of the same model
    shutil.copytree(runs_to_copy / "wgan", run.parent / "weights" / "one")
    assert catalogue.sources(runs)[0] == str(run.parent / "weights" / "one")  # published weights come first
    about = catalogue.about(str(runs / "wgan"))
    assert about.steps == 2 and about.recipe.model == "wgan-paper" and about.values == {}
    assert catalogue.about(str(runs / "wgan" / "checkpoints" / "step-000001")).steps == 1


def test_the_page_opens_on_published_digits(tmp_path):
    opened = catalogue.first(catalogue.sources(tmp_path), 3)
    assert [(about.recipe.model, about.recipe.data) for about in map(catalogue.about, opened)] == [
        (model, "mnist") for model in ("wgan", "dcgan", "wgan-gp")
    ]


def test_a_card_says_all_settings_in_chinese(run):
    card = cards.about(str(run), catalogue.about(str(run)), "zh")
    named = re.findall(r"<tr><th>([^<]*)<small>(\w+)</small></th><td>([^<]*)</td>", card)
    assert len(named) > 20 and not [row for row in named if row[2] in ("yes", "no")]
    assert not [name for words_of_it, name, _ in named if all(letter < "\u4e00" for letter in words_of_it)]


def test_a_card_names_the_clock_that_counted_its_minutes(run):
    found = catalogue.about(str(run))
    assert found.clock == "cpu" and " CPU minutes of training" in cards.about(str(run), found, "en")
    budget = found.recipe.model_copy(update={"minutes": 3.0, "clock": "wall"})
    (run / "config.yaml").write_text(yaml.safe_dump(budget.model_dump()))
    found = catalogue.about(str(run))
    page = cards.about(str(run), found, "zh")
    assert found.clock == "wall" and re.search(r"训练 \d+\.\d 分钟", page)


def test_a_checkpoint_of_before_there_was_a_cpu_clock_shows_the_wall_s_minutes(run):
    file = checkpoint.last(run) / "state.json"
    state = json.loads(file.read_text(encoding="utf-8"))
    old = {key: value for key, value in state.items() if key not in ("cpu_seconds", "classes", "seal")}
    file.write_text(json.dumps(checkpoint.sealed({**old, "format": 2})), encoding="utf-8")
    found = catalogue.about(str(run))
    assert found.clock == "wall" and found.minutes == state["seconds"] / 60


def test_a_checkpoint_knows_its_run_by_a_name_that_begins_within_it_too(run, monkeypatch):
    found = catalogue.about(str(checkpoint.last(run)))
    assert found.provenance["data_sha256"]
    monkeypatch.chdir(run / "checkpoints")
    assert catalogue.about(checkpoint.last(run).name) == found
    monkeypatch.chdir(checkpoint.last(run))
    assert catalogue.about(".") == found


def test_a_metrics_file_that_cannot_be_read_leaves_the_rest(run):
    (run / "metrics.json").write_text("{")
    assert catalogue.about(str(run)).values == {}


def test_scores_on_other_data_are_not_shown_as_the_runs_own(run):
    values = {"fd_lenet": {"value": 1.0, "deviation": None, "floor": None, "floor_deviation": None}}
    for name, shown in (("fashion-mnist", {}), ("mnist", values)):
        score_store.write(run / "metrics.json", {2: values}, {"data": name})
        assert catalogue.about(str(run)).values == shown
        assert ("fd_lenet 1" in strip.caption(run, read_recipe(run), ["gan"])) == bool(shown)


class Stub:
    """In a Worker's place."""

    def __init__(self, threads):
        self.alive, self.ended = True, False

    def end(self):
        self.ended, self.alive = True, False


def test_trainings_are_bounded_and_one_that_ends_makes_room(monkeypatch):
    monkeypatch.setattr(processes, "Worker", Stub)
    pool = Pool(2, 1)
    pool.prepare()
    spare = next(iter(pool))
    one, other = pool.take(), pool.take()
    assert one is spare and one is not other and pool.take() is None
    pool.give_back(one)
    assert one.ended and pool.take() not in (None, one, other)
    pool.end()
    assert other.ended


def test_a_process_answers_says_what_is_wrong_and_is_replaced_when_it_has_died(run):
    pool = Pool(1, 1)
    try:
        asked = {"draw": {"sources": [str(run)], "count": 1, "seed": 0, "towards": 1, "share": 0.0}}
        worker = pool.drawing()
        assert worker.ask(asked)[0]["latent"] == 8
        with pytest.raises(UserError, match="unexpected keyword"):
            worker.ask({"draw": {**asked["draw"], "more": 1}})
        assert worker.ask(asked)[0]["latent"] == 8
        worker.end()
        with pytest.raises(UserError, match="the process with Paddle has ended"):
            worker.ask(asked)
        assert pool.drawing() is not worker
    finally:
        pool.end()


def test_what_compare_py_refuses_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="unknown model"):
        comparisons.Desk().start(["no-such-model"], "8gaussians", 0.1, 1, "en")
    assert files_below(tmp_path) == {}


@pytest.mark.parametrize(("code", "stopped"), [(None, True), (143, True), (0, False)])
def test_a_comparison_that_ends_though_it_was_asked_to_stop_has_its_report(code, stopped):
    made = comparisons.Comparison.__new__(comparisons.Comparison)
    made._asked_to_stop, made._process = False, SimpleNamespace(poll=partial(next, iter([code])), terminate=lambda: None)
    made.stop()
    assert made.stopped == stopped


@pytest.mark.parametrize(
    ("method", "headers", "foreign"),
    [
        ("GET", {"sec-fetch-site": "same-origin"}, False),
        ("GET", {"sec-fetch-site": "cross-site"}, True),
        ("POST", {"sec-fetch-site": "same-site", "origin": "http://a:1"}, True),
        ("GET", {}, False),  # a browser to http://192.168.0.2, and programs that are none
        ("GET", {"origin": "http://evil.example"}, True),
        ("GET", {"origin": "null"}, True),
        ("GET", {"origin": "http://192.168.0.2:7860"}, False),
        ("POST", {"origin": "http://a.proxy"}, False),
    ],
)
def test_pages_of_others_are_told_from_our_own(method, headers, foreign):
    assert origin.is_foreign(method, {"host": "192.168.0.2:7860", **headers}) == foreign


def test_reports_are_those_of_comparisons_alone(tmp_path):
    (tmp_path / "report.html").write_text("<html>")
    with pytest.raises(UserError, match="is no comparison's folder"):
        comparisons.report_of(tmp_path)
    (tmp_path / "comparison.json").write_text("{}")
    with pytest.raises(UserError, match="has no report yet"):
        comparisons.report_of(tmp_path)
    (tmp_path / "results.json").write_text("{}")
    assert comparisons.report_of(tmp_path) == comparisons.report_of(tmp_path / "report.html") == tmp_path / "report.html"


@pytest.fixture
def watched():
    """(web.watching.Watched at step 0 of 8gaussians, what it has told)."""
    from web.watching import Watched

    told = []
    made = Watched(lambda answer: told.append(json.loads(json.dumps(answer, allow_nan=False))))
    made.handle({"begin": {"name": "8gaussians", "seed": 0, "batch_size": 32}})
    return made, told


def test_three_trainings_begin_alike_and_go_on_side_by_side(watched):
    made, told = watched
    assert {"scene", "recipes"} <= set(told[0]) and len(told[1]["frames"]) == 3
    samples_of = lambda frames: [frame["samples"] for frame in frames]  # noqa: E731
    assert len(set(samples_of(told[1]["frames"]))) == 1  # the same generator, the same z
    made.handle({"step": {}})
    assert [frame["numbers"]["step"] for frame in told[-1]["frames"]] == [1, 1, 1]
    assert len(set(samples_of(told[-1]["frames"]))) == 3


def test_a_setting_that_is_not_allowed_is_refused_and_the_old_one_told(watched):
    made, told = watched
    made.handle({"change": {"of": 1, "clip": -1}})
    assert "clip" in told[-1]["refused"] and told[-1]["recipes"][1]["clip"] > 0
    made.handle({"begin": {"name": "mnist-5k", "seed": 0}})
    assert "are images" in told[-1]["refused"]


def test_one_training_that_diverges_leaves_the_others(watched):
    made, told = watched
    made.handle({"change": {"of": 0, "generator_learning_rate": 1e30}})
    for _ in range(4):
        made.handle({"step": {}})
    assert "not finite" in told[-1]["frames"][0]["wrong"] and told[-1]["frames"][2]["numbers"]["step"] == 4
    made.handle({"reset": {}})
    assert [frame["numbers"]["step"] for frame in told[-1]["frames"]] == [0, 0, 0]
