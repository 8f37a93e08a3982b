"""The search: what is searched for which model, what is no success, and that its record goes on where it was."""

import json
from functools import partial
from types import SimpleNamespace

import pytest

import data
from errors import UserError
from tests.helpers import MODELS, TINY

optuna = pytest.importorskip("optuna")
from experiments import search, searched, trials  # noqa: E402

STATES = optuna.trial.TrialState
BOTH = {"generator_learning_rate", "critic_learning_rate", "n_critic", "batch_size", "ema", "decay"}


@pytest.fixture(scope="module")
def mnist5k():
    return data.load("mnist-5k")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The folder that records go into instead of the repository."""
    for module in (trials, searched):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


def tiny(model="gan", seconds=0.5):
    own = {key: TINY[key] for key in ("latent", "units", "filters", "batch_size")}
    return search.base(model, "mnist-5k", seconds).model_copy(update={**own, "log_every": 1})


@pytest.mark.parametrize(
    ("model", "own"),
    [
        ("wgan", {"clip", "filters"}),
        ("wgan-gp", {"penalty", "beta1", "filters"}),
        ("dcgan", {"beta1", "filters"}),
        ("lsgan", {"beta1", "filters"}),
        ("gan", {"beta1", "units"}),
    ],
)
def test_one_space_for_all_models_as_far_as_a_method_has_it(model, own):
    assert set(search.searched(search.base(model, "mnist-5k", 1))) == BOTH | own


@pytest.mark.parametrize("model", MODELS)
def test_every_model_begins_with_two_known_settings_that_lie_in_its_space(model):
    recipe = search.base(model, "mnist-5k", 1)
    space, first = search.searched(recipe), search.first(model, recipe)
    assert len(first) == 2
    for settings in first:
        assert set(settings) == set(space)
        assert all(distribution._contains(distribution.to_internal_repr(settings[key])) for key, distribution in space.items())


def lines(folder, objective="wasserstein", **figures):
    rows = [{"step": n, "gradient_norm": 0.1, "estimate_heldout": 0.1, **figures} for n in range(10)]
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tiny({"wasserstein": "wgan"}.get(objective, "gan"))


def test_a_dead_critic_and_an_estimate_that_stays_negative_are_no_success(tmp_path):
    assert search.why_dead(tmp_path, lines(tmp_path)) == ""
    assert search.why_dead(tmp_path, lines(tmp_path, gradient_norm=1e-9)) == "the critic is dead"
    assert search.why_dead(tmp_path, lines(tmp_path, estimate_heldout=-0.1)) == "the estimate stays negative"
    assert search.why_dead(tmp_path, lines(tmp_path, "minimax", estimate_heldout=-0.1)) == ""
    assert search.why_dead(tmp_path, lines(tmp_path, estimate=-0.1)) == "", "on training images alone"
    recipe = lines(tmp_path, gradient_norm=1e-9, estimate_heldout=-0.1)
    with open(tmp_path / "log.jsonl", "a") as file:
        file.write(json.dumps({"step": 10, "gradient_norm": 0.1, "estimate_heldout": 0.1}) + "\n")
    assert search.why_dead(tmp_path, recipe) == "", "it came back to life"


def test_trials_are_scored_at_marks_recorded_and_gone_on_with(root, mnist5k):
    recipe = tiny()
    space, first = search.searched(recipe), search.first("gan", recipe)
    trials.prepare("gan", "mnist-5k", space, first, 2.0)
    study = trials.open_study("gan", "mnist-5k")
    search.run_trials(study, "gan", tiny(seconds=2.0), mnist5k, 1)
    (row,) = trials.read("gan", "mnist-5k")["trials"]
    assert row["settings"] == first[0] and row["seed"] == 1000 and row["state"] == "complete"
    assert row["value"] == row["scores"]["fd_lenet"] > 0 and [mark for mark, _ in row["marks"]] == list(search.MARKS)
    assert row["counters"]["cpu_seconds"] >= 2 and row["counters"]["critic_steps"] > 0

    abandoned = study.ask(space)  # of a worker that was killed
    trials._journal("gan", "mnist-5k").unlink()  # and the untracked file is lost
    trials.prepare("gan", "mnist-5k", space, first, 2.0)
    again = trials.open_study("gan", "mnist-5k")
    assert [trial.value for trial in again.get_trials(states=(STATES.COMPLETE,))] == [row["value"]]
    assert abandoned.number == 1


def test_a_trial_that_was_under_way_when_its_worker_died_is_tried_again(root, mnist5k):
    recipe = tiny()
    space, first = search.searched(recipe), search.first("gan", recipe)
    trials.prepare("gan", "mnist-5k", space, first, 0.5)
    trials.open_study("gan", "mnist-5k").ask(space)
    trials.prepare("gan", "mnist-5k", space, first, 0.5)
    waiting = trials.open_study("gan", "mnist-5k").get_trials(states=(STATES.WAITING,))
    asked = [trial.system_attrs["fixed_params"] for trial in waiting]
    assert len(asked) == 2 and all(settings in asked for settings in first)


def test_a_model_without_a_search_of_its_own_is_refused_before_any_trial(root, refused):
    said = refused("experiments.search", "wgan-paper", "--data", "8gaussians")
    assert "unknown model 'wgan-paper'" in said and "allowed are " + ", ".join(trials.MODELS) in said


@pytest.mark.parametrize("values", [[], [2.0], [2.0, 2.0]])
def test_what_settings_explain_is_not_known_of_less_than_two_values_and_the_figure_is_drawn(root, values):
    space = search.searched(tiny())
    known = [{"state": "complete", "value": value, "settings": search.first("gan", tiny())[0]} for value in values]
    pruned = {"state": "pruned", "value": None, "settings": {}, "why": "the critic is dead"}  # before its first mark
    distributions = {key: optuna.distributions.distribution_to_json(each) for key, each in space.items()}
    content = {"trials": [*known, pruned], "space": distributions, "quality": "fd_lenet", "seconds_a_trial": 1.0}
    assert trials.importance(content) == {}
    searched.path("gan", "mnist-5k").parent.mkdir(parents=True)
    searched.path("gan", "mnist-5k").write_text(json.dumps(content))
    assert trials.draw("mnist-5k").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("codes", "status", "said"),
    [((0, 1), 1, "a worker ended with status 1: "), ((-15, 0), 143, "interrupted: "), ((130, 0), 130, "interrupted: ")],
)
def test_a_worker_that_failed_is_no_interruption(root, call, monkeypatch, codes, status, said):
    workers = iter([SimpleNamespace(wait=partial(int, code)) for code in codes])
    monkeypatch.setattr(search.children, "start", lambda *_, **more: next(workers))
    monkeypatch.setattr(search.children, "stop", lambda processes: None)
    result = call("experiments.search", "gan", "--data", "8gaussians", "--jobs", len(codes))
    assert result.status == status and result.err.startswith(said) and "the same command goes on" in result.err


def test_trials_of_another_budget_are_not_mixed_in(root, mnist5k):
    recipe = tiny()
    space, first = search.searched(recipe), search.first("gan", recipe)
    trials.prepare("gan", "mnist-5k", space, first, 0.5)
    with pytest.raises(UserError, match=r"0\.5 CPU seconds"):
        trials.prepare("gan", "mnist-5k", space, first, 2.0)
