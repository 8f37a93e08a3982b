"""Recipes: what configs/ says, what wins over what, and what is refused."""

import pytest
import yaml

from data import key_of, source
from errors import UserError
from models.networks import NETWORKS as NETWORK_TABLE
from tests.helpers import MODELS, NETWORKS, OBJECTIVES, PAPER, tiny
from training import recipe as recipes
from training import settings as words


def rates(rate):
    return {"generator_learning_rate": rate, "critic_learning_rate": rate}


ADAM_DCGAN = {"optimizer": "adam", **rates(2e-4), "beta1": 0.5, "beta2": 0.999, "n_critic": 1}
PUBLISHED = {  # the constants of the papers
    "gan": {"objective": "non-saturating", "network": "mlp", "clip": None, "penalty": None, **ADAM_DCGAN},
    "dcgan": {"objective": "non-saturating", "network": "dcgan", "clip": None, "penalty": None, **ADAM_DCGAN},
    "lsgan": {"objective": "least-squares", "network": "dcgan", "clip": None, "penalty": None, **ADAM_DCGAN},
    "wgan-paper": {
        "objective": "wasserstein",
        "network": "dcgan",
        "optimizer": "rmsprop",
        **rates(5e-5),
        "clip": 0.01,
        "penalty": None,
        "n_critic": 5,
        "batch_size": 64,
        "warm_up": False,
    },
    "wgan-gp-paper": {
        "objective": "wasserstein",
        "network": "dcgan",
        "optimizer": "adam",
        **rates(1e-4),
        "beta1": 0.0,
        "beta2": 0.9,
        "clip": None,
        "penalty": 10,
        "n_critic": 5,
    },
}


def test_configs_holds_the_five_recipes_and_the_papers():
    assert set(recipes.names()) >= {*MODELS, *PAPER}


SEARCHED = ("generator_learning_rate", "critic_learning_rate", "beta1", "n_critic")  # on mnist-5k


@pytest.mark.parametrize("model", PUBLISHED)
def test_each_recipe_has_its_papers_constants_and_the_searched_ones_keep_the_method(model):
    recipe = recipes.load(model)
    kept = [key for key in PUBLISHED[model] if model in PAPER or key not in SEARCHED]
    assert {key: getattr(recipe, key) for key in kept} == {key: PUBLISHED[model][key] for key in kept}
    assert recipe.data == "mnist-5k" and recipe.latent == 100
    # pictures of the same kind, twelve times as many; the papers' recipes are their code's there (test_paper_recipes.py)
    for digits in () if model in PAPER else ("mnist", "fashion-mnist"):
        same = recipes.load(model, overrides={"data": digits})
        assert {key: getattr(same, key) for key in PUBLISHED[model]} == {key: getattr(recipe, key) for key in PUBLISHED[model]}
    untried = recipes.load(model, overrides={"data": "folder:pictures"})  # nothing was searched there
    theirs = PUBLISHED[model] | ({"warm_up": True} if model == "wgan-paper" else {})  # the authors' own data, and their warm-up
    assert {key: getattr(untried, key) for key in theirs} == theirs


@pytest.mark.parametrize("model", [*MODELS, *PAPER])
@pytest.mark.parametrize(
    "data",
    ["mnist-5k", "mnist", "fashion-mnist", "cifar10", "folder:pictures", "8gaussians", "25gaussians", "swissroll", "2lines"],
)
def test_each_recipe_fits_each_data_set(model, data):
    recipe = recipes.load(model, overrides={"data": data})
    assert recipe.data == data and recipe.model == model
    assert NETWORK_TABLE[recipe.network].points or not recipe.is_points
    blocks = recipes.read_yaml(recipes.CONFIGS / f"{model}.yaml")["per_data"]
    own = {**blocks.get(source(data).family, {}), **blocks.get(key_of(data), {})}
    assert not [key for key in own if not words.reads(recipe, key)], "a config sets what its networks and optimiser do not read"


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("network", NETWORKS)
def test_any_network_goes_under_any_objective(network, objective):
    recipe = tiny("dcgan", network=network, objective=objective)
    assert (recipe.network, recipe.objective) == (network, objective)


@pytest.mark.parametrize("model", MODELS)
def test_config_begins_with_its_command(model):
    assert f"python train.py --model {model}" in (recipes.CONFIGS / f"{model}.yaml").read_text().splitlines()[0]


def test_flags_win_over_the_block_of_the_data_and_that_over_the_file(tmp_path):
    path = tmp_path / "my.yaml"
    values = {"objective": "wasserstein", "network": "mlp", "optimizer": "sgd", "learning_rate": 0.1, "steps": 10, "latent": 3}
    blocks = {"mnist": {"latent": 4, "steps": 11}, "points": {"latent": 5}, "swissroll": {"latent": 6}}
    path.write_text(yaml.safe_dump({**values, "data": "mnist", "per_data": blocks}))
    assert (recipes.load(config=path).latent, recipes.load(config=path).steps) == (4, 11)
    assert recipes.load(config=path).model == "my"
    found = [
        recipes.load(config=path, overrides=o).latent
        for o in ({"data": "cifar10"}, {"data": "8gaussians"}, {"data": "swissroll"}, {"data": "swissroll", "latent": 7})
    ]
    assert found == [3, 5, 6, 7]


@pytest.mark.parametrize(
    ("settings", "generator", "critic"),
    [
        ({}, ("dcgan", 0.2), ("mlp", 0.3)),
        ({"network": "resnet"}, ("resnet", 0.2), ("resnet", 0.3)),
        ({"learning_rate": 0.5}, ("dcgan", 0.5), ("mlp", 0.5)),
        ({"network": "resnet", "critic_network": "dcgan"}, ("resnet", 0.2), ("dcgan", 0.3)),
        ({"critic_learning_rate": 0.4}, ("dcgan", 0.2), ("mlp", 0.4)),
        ({"learning_rate": 0.5, "generator_learning_rate": 0.6}, ("dcgan", 0.6), ("mlp", 0.5)),
        ({"data": "mnist"}, ("paperweekly", 0.2), ("paperweekly", 0.7)),
    ],
)
def test_a_word_for_both_players_gives_way_to_a_players_own_only_beside_it(tmp_path, settings, generator, critic):
    """In the file, in the data's block and in -o alike; between these the later one wins."""
    path = tmp_path / "a.yaml"
    path.write_text(
        "{objective: wasserstein, optimizer: sgd, steps: 1, data: mnist-5k, network: dcgan, critic_network: mlp, "
        "learning_rate: 0.2, critic_learning_rate: 0.3, per_data: {mnist: {network: paperweekly, critic_learning_rate: 0.7}}}"
    )
    recipe = recipes.load(config=path, overrides=settings)
    assert (recipe.generator_network, recipe.generator_learning_rate) == generator
    assert (recipe.critic_network, recipe.critic_learning_rate) == critic
    assert recipe.network == (generator[0] if generator[0] == critic[0] else f"{generator[0]}+{critic[0]}")


def test_a_resolved_recipe_resolves_to_itself():
    for model in (*MODELS, *PAPER):
        recipe = recipes.load(model)
        assert recipes.resolve(recipe.model_dump()) == recipe


def test_pictures_of_a_recipe_from_before_there_was_fit_are_cropped():
    values = tiny(data="folder:x").model_dump()
    del values["fit"]
    assert recipes.resolve(values) == tiny(data="folder:x", fit="crop")


def test_warm_up_is_100_critic_steps_in_the_first_25_and_every_500th():
    wgan, warm = (tiny("wgan", n_critic=5, warm_up=warm_up) for warm_up in (False, True))
    assert [warm.n_critic_at(step) for step in range(30)] == [100] * 25 + [5] * 5
    assert [step for step in range(25, 2001) if warm.n_critic_at(step) == 100] == [500, 1000, 1500, 2000]
    assert {wgan.n_critic_at(step) for step in range(1001)} == {5}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n_critic": 0}, "n_critic = 0"),
        ({"n_critic": 2.5}, "n_critic = 2.5"),
        ({"clip": 0}, "clip = 0"),
        ({"clip": -0.01}, "clip = -0.01"),
        ({"clip": "wide"}, "clip = 'wide'"),
        ({"clip": "none"}, "to take it away write null"),
        ({"clip": float("nan")}, "clip = nan"),
        ({"penalty": 0, "critic_norm": "none"}, "penalty = 0"),
        ({"penalty": -10, "critic_norm": "none"}, "penalty = -10"),
        ({"penalty": 10, "critic_norm": "batch"}, "critic_norm"),
        ({"steps": 0}, "steps = 0"),
        ({"steps": -1}, "steps = -1"),
        ({"batch_size": 1}, "batch_size = 1"),
        ({"learning_rate": 0}, "learning_rate = 0: "),
        ({"learning_rate": float("inf")}, "learning_rate = inf"),
        ({"critic_learning_rate": 0}, "critic_learning_rate = 0"),
        ({"ema": 1}, "ema = 1"),
        ({"ema": -0.5}, "ema = -0.5"),
        ({"clock": "sun"}, "wall, cpu"),
        ({"generator_batch_size": 1}, "generator_batch_size = 1"),
        ({"beta1": 1.0}, "beta1 = 1.0"),
        ({"beta2": -0.1}, "beta2 = -0.1"),
        ({"latent": 0}, "latent = 0"),
        ({"filters": 0}, "filters = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": 2**31}, "seed = 2147483648"),
        ({"log_every": 0}, "log_every = 0"),
        ({"keep_checkpoints": 0}, "keep_checkpoints = 0"),
        ({"image_size": 33}, "image_size 33"),
        ({"network": "dcgna"}, "unknown network 'dcgna': did you mean 'dcgan'"),
        ({"generator_network": "dcgna"}, "unknown generator_network 'dcgna': did you mean 'dcgan'"),
        ({"critic_network": "mlp", "data": "8gaussians", "generator_network": "dcgan"}, "network dcgan makes images"),
        ({"objective": "wassertsein"}, "did you mean 'wasserstein'"),
        ({"optimizer": "rmsprp"}, "did you mean 'rmsprop'"),
        ({"critic_norm": "instance"}, "batch, layer, none"),
        ({"n_critics": 5}, "did you mean 'n_critic'"),
        ({"lr": 5}, "unknown setting 'lr': did you mean learning_rate, generator_learning_rate, critic_learning_rate?"),
        ({"bs": 5}, "did you mean batch_size, generator_batch_size?"),
        ({"betas": 5}, "did you mean beta1, beta2?"),
        ({"epochs": 5}, "did you mean 'steps'?"),
        ({"lambda": 5}, "did you mean 'penalty'?"),
        ({"data": "cifar"}, "did you mean 'cifar10'"),
        ({"data": ["mnist"]}, "unknown data ['mnist']"),
        ({"data": {"folder": None}}, "unknown data"),  # what YAML makes of `folder:`
        ({"data": None}, "data = None"),
        ({"network": ["mlp"]}, "unknown network ['mlp']"),
        ({"network": None}, "unknown network None"),
        ({"steps": None}, "steps = None"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_that_names_it(settings, said):
    with pytest.raises(UserError) as error:
        tiny("wgan", **settings)
    assert said in str(error.value) and "\n" not in str(error.value)
    assert not any(f"_{key} = " in str(error.value) for key in settings), "a player's setting that was not written"


@pytest.mark.parametrize("key", ["generator_norm", "critic_norm"])
def test_a_norm_that_a_network_cannot_have_is_refused_rather_than_dropped(key):
    load = lambda value: recipes.load("wgan-gp", overrides={"network": "mlp", key: value})  # noqa: E731
    with pytest.raises(UserError, match=f"unknown {key} 'nonsense'"):
        load("nonsense")
    with pytest.raises(UserError, match=f"{key}=batch: there is no norm to choose in the {key[:-5]} of mlp"):
        load("batch")
    assert getattr(load("none"), key) == "none"


@pytest.mark.parametrize(
    ("model", "network", "settings", "expected"),
    [
        ("wgan", "mlp", {"network": "dcgan"}, ("batch", "batch")),
        ("wgan", "mlp", {"generator_network": "mlp-bn"}, ("batch", "none")),
        ("wgan-gp", "mlp", {"network": "dcgan"}, ("batch", "none")),
        ("wgan", "dcgan-nobn", {"network": "dcgan"}, ("batch", "layer")),
    ],
)
def test_a_run_s_recipe_under_another_network_has_the_norms_of_its_model(tmp_path, model, network, settings, expected):
    """That the run's config.yaml says none where its network has no norm is no choice."""
    values = tiny(model, network=network, **({"critic_norm": "layer"} if network == "dcgan-nobn" else {})).model_dump()
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**values, "provenance": {"commit": None}}))
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values))
    recipe, mine = (recipes.load(config=tmp_path / f"{name}.yaml", overrides=settings) for name in ("config", "mine"))
    assert (recipe.generator_norm, recipe.critic_norm) == expected
    assert mine.generator_norm == "none", "in a file of one's own it is one"


@pytest.mark.parametrize(
    ("without", "instead", "named"),
    [
        ("objective", {}, "objective"),
        ("learning_rate", {}, "learning_rate"),
        ("learning_rate", {"generator_learning_rate": 1}, "critic_learning_rate"),
        ("network", {"critic_network": "mlp"}, "generator_network"),
    ],
)
def test_a_missing_setting_is_named(tmp_path, without, instead, named):
    settings = {"data": "mnist-5k", "network": "mlp", "optimizer": "sgd", "learning_rate": 1, "steps": 1}
    settings |= {"objective": "minimax", **instead}
    del settings[without]
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(UserError, match=f"^setting {named} is missing$"):
        recipes.load(config=tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "not YAML"),
        ("", "key: value"),
        ("- 1\n- 2", "key: value"),
        ("1: 2", "key: value"),
        ("n_critc: 5", "did you mean 'n_critic'"),
        ("per_data: 3", "per_data"),
        ("per_data: {mnist: 3}", "per_data"),
        ("per_data: {minst: {steps: 3}}", "did you mean 'mnist'"),
        ("!!python/object/apply:os.system ['touch ran']", "not YAML"),
        ("a: &a [*a, *a]\nb: !!binary x", "not YAML"),
    ],
)
def test_a_config_file_that_is_none_is_refused_in_one_line(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(UserError) as error:
        recipes.load(config="a.yaml")
    assert said in str(error.value) and "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


@pytest.mark.parametrize("key", ["data", "network", "critic_network", "learning_rate", "steps", "optimizer", "model"])
def test_a_value_that_would_fill_the_memory_if_it_were_printed_is_refused_in_short(tmp_path, key):
    value = "&a0 [x]"
    for k in range(1, 25):  # 10**24 x in two thousand characters
        value = f"&a{k} [{value}, {', '.join([f'*a{k - 1}'] * 9)}]"
    settings = yaml.safe_load((recipes.CONFIGS / "wgan-paper.yaml").read_text())
    settings.pop(key, None)
    (tmp_path / "x.yaml").write_text(f"{key}: {value}\n" + yaml.safe_dump(settings))
    with pytest.raises(UserError) as error:
        recipes.load(config=tmp_path / "x.yaml")
    assert key in str(error.value) and len(str(error.value)) < 500


def test_overrides_are_read_as_yaml():
    pairs = ["clip=null", "warm_up=true", "n_critic=3", "learning_rate=5e-5", "data=folder:a=b"]
    expected = {"clip": None, "warm_up": True, "n_critic": 3, "data": "folder:a=b"}
    found = recipes.parse_overrides(pairs)
    assert {key: found[key] for key in expected} == expected
    # YAML 1.1 takes 5e-5 for a text; the recipe must get the number all the same
    recipe = tiny("wgan", learning_rate=found["learning_rate"])
    assert recipe.generator_learning_rate == recipe.critic_learning_rate == 5e-5


def test_null_takes_a_recipes_clip_away():
    assert recipes.load("wgan", overrides=recipes.parse_overrides(["clip=null"])).clip is None


@pytest.mark.parametrize("pair", ["steps", "steps=[", "model=2020-13-45", "clip=!!python/name:os.system", "=3", "setps=3"])
def test_an_override_that_cannot_be_read_is_refused(pair):
    with pytest.raises(UserError, match=r"-o|unknown setting"):
        recipes.parse_overrides([pair])


def test_every_setting_is_said_in_both_languages_and_no_other_name_is_one():
    assert {*words.SETTINGS} == {*recipes.Recipe.model_fields} and {*words.WORDS} == {*recipes.PLAYER_SETTINGS}
    for setting in words.SETTINGS.values():
        assert setting.en and setting.zh and not {*setting.also.split()} & {*words.SETTINGS, *words.WORDS}
