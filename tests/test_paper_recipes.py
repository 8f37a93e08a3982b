"""wgan-paper and wgan-gp-paper, whose every value is fixed; what wgan and wgan-gp keep whatever a search finds for them."""

import pytest

from tests.helpers import PAPER
from training import recipe as recipes

# all values of a recipe, as they were when these two were called wgan and wgan-gp
COMMON = {
    "data": "mnist-5k",
    "image_size": 32,
    "fit": "crop",
    "conditional": False,
    "generator_network": "dcgan",
    "critic_network": "dcgan",
    "objective": "wasserstein",
    "n_critic": 5,
    "warm_up": False,
    "decay": False,
    "ema": 0.0,
    "batch_size": 64,
    "generator_batch_size": None,
    "latent": 100,
    "filters": 32,
    "units": 512,
    "generator_norm": "batch",
    "sync_batch_norm": True,
    "amp": False,
    "minutes": None,
    "clock": "wall",
    "seed": 0,
    "log_every": 50,
    "sample_every": 500,
    "checkpoint_every": 500,
    "keep_checkpoints": 3,
    "on_nan": "stop",
}
RATE, GP_RATE = (dict.fromkeys(("generator_learning_rate", "critic_learning_rate"), rate) for rate in (5e-5, 1e-4))
RMSPROP = {"optimizer": "rmsprop", "beta1": 0.5, "beta2": 0.999}  # which it does not use
ADAM = {"optimizer": "adam", "beta1": 0.0, "beta2": 0.9}
OWN = {
    "wgan-paper": {"clip": 0.01, "penalty": None, **RMSPROP, **RATE, "critic_norm": "batch", "steps": 2200},
    "wgan-gp-paper": {"clip": None, "penalty": 10, **ADAM, **GP_RATE, "critic_norm": "none", "steps": 1000},
}
POINTS = {"generator_network": "mlp", "critic_network": "mlp", "generator_norm": "none", "critic_norm": "none"}
POINTS |= {"batch_size": 256, "latent": 2, "steps": 14_000}
PER_DATA = {
    "mnist-5k": {},
    "stacked-mnist": {},
    "mnist": {"filters": 64, "steps": 40_000},
    "fashion-mnist": {"filters": 64, "steps": 40_000},
    "cifar10": {"filters": 64, "steps": 100_000},
    "folder:pictures": {"filters": 64, "steps": 100_000, "image_size": 64},
    **dict.fromkeys(("8gaussians", "25gaussians", "swissroll", "2lines"), POINTS),
}
GP_ON_POINTS = {"penalty": 0.1, "beta1": 0.5}


@pytest.mark.parametrize("data", PER_DATA)
@pytest.mark.parametrize("model", PAPER)
def test_the_papers_recipes_stay_as_they_were_in_every_value(model, data):
    expected = {"model": model, **COMMON, **OWN[model], **PER_DATA[data], "data": data}
    if model == "wgan-gp-paper" and PER_DATA[data] is POINTS:
        expected |= GP_ON_POINTS
    assert recipes.load(model, overrides={"data": data}).model_dump() == expected


@pytest.mark.parametrize("data", PER_DATA)
def test_wgan_is_clipped_by_rmsprop_and_wgan_gp_penalised_without_batch_norm(data):
    wgan, gp = (recipes.load(model, overrides={"data": data}) for model in ("wgan", "wgan-gp"))
    assert (wgan.objective, wgan.optimizer, wgan.penalty) == ("wasserstein", "rmsprop", None) and wgan.clip
    assert (gp.objective, gp.clip) == ("wasserstein", None) and gp.penalty and gp.critic_norm != "batch"
