"""The critic's estimate beside the quality of samples (Wasserstein GAN, figures 3 and 4)."""

from typing import Any

import numpy as np
from scipy.stats import bootstrap

from experiments import FAILS, HOLDS, IN_PART, figures, robust_architectures, training_runs
from experiments.numeric import mean_and_deviation
from reporting.curves import rank_correlation

ABOUT = {
    "title": "Does the critic's estimate tell how good the samples are?",
    "title_zh": "判别器的估计值能说明样本质量吗？",
    "claim": """WGAN's estimate against training: "The plots clearly show that these curves correlate well with the visual quality
        of the generated samples." For a GAN the JS estimate "increases or stays constant, pointing towards no significant
        correlation between sample quality and loss" (Wasserstein GAN, 1701.07875, section 4.2, figures 3 and 4, whose curves are
        median-filtered).""",
    "refuted_by": """for wgan a rank correlation over training between estimate and fd_lenet whose interval reaches 0, or one for
        gan that is as high.""",
    "run": """the trainings of robust_architectures (gan and wgan on dcgan and mlp, mnist-5k, three seeds). At 20 checkpoints the
        estimate of the held-out images by the run's own critic, for gan also the JS estimate at the nearest logged step, beside
        fd_lenet of 1,000 samples. Spearman's rank correlation a run, over all checkpoints and over the second half of training
        alone, where there is less to be gained; interval: of the mean over seeds and networks, by bootstrap over runs. Nothing is
        smoothed.""",
    "cost": "nothing beyond robust_architectures, which it carries out if that has not been done.",
}

SHOWN = ("dcgan", "mlp")
ESTIMATES = {"wgan": "critic_estimate", "gan": "js_estimate"}


def measure(store):
    trained = robust_architectures.runs(store)
    numbers: dict[str, Any] = {"runs": {}}
    for model, value in ESTIMATES.items():
        curves = {}
        for network in SHOWN:
            label = f"{model} {network}"
            curves[label] = [curve_of(run, value) for run in training_runs.alive(trained.get(label, ()))]
            numbers[label] = mean_and_deviation([correlation(curve) for curve in curves[label]])
        numbers["runs"] |= curves
        every = [curve for group in curves.values() for curve in group]
        numbers[model] = {
            "whole": interval([correlation(curve) for curve in every]),
            "second half": interval([correlation(curve, half=True) for curve in every]),
        }
    return numbers


def curve_of(run, value):
    """{step, estimate, fd_lenet} at the checkpoints after step 0, where nothing has been trained."""
    way, curve = run["on_the_way"], run["curves"]
    rows = [i for i, step in enumerate(way["step"]) if step > 0]
    steps = [way["step"][i] for i in rows]
    if value == "critic_estimate":
        estimate = [way["critic_estimate"][i] for i in rows]
    else:
        nearest = [int(np.argmin(np.abs(np.array(curve["step"]) - step))) for step in steps]
        estimate = [curve[value][i] for i in nearest]
    return {"step": steps, "estimate": estimate, "fd_lenet": [way["fd_lenet"][i] for i in rows]}


def correlation(curve, half=False):
    """Spearman's; half: of the second half of training alone."""
    start = len(curve["step"]) // 2 if half else 0
    return rank_correlation(curve["estimate"][start:], curve["fd_lenet"][start:])


def interval(values):
    """Mean over runs and its 95 % interval by bootstrap."""
    values = [value for value in values if value is not None]
    low = high = None
    if len(values) > 1 and len(set(values)) > 1:
        low, high = bootstrap((values,), np.mean, method="percentile", rng=0).confidence_interval
    return mean_and_deviation(values) | {"low": low, "high": high}


def judge(numbers):
    wgan, gan = numbers["wgan"]["whole"], numbers["gan"]["whole"]
    if None in (wgan["mean"], gan["mean"]):
        return FAILS
    means = wgan["low"] is not None and wgan["low"] > 0
    apart = means and wgan["low"] > (gan["high"] if gan["high"] is not None else gan["mean"])
    return HOLDS if apart else IN_PART if means else FAILS


def draw(numbers, store):
    figure, axes = figures.new(2, 4, height=2.9)
    for row, model in enumerate(ESTIMATES):
        name = "estimate of W (held out)" if model == "wgan" else "JS estimate, nats"
        for column, network in enumerate(SHOWN):
            left, right = axes[row][2 * column], axes[row][2 * column + 1]
            fd = left.twinx()
            for seed, curve in enumerate(numbers["runs"][f"{model} {network}"]):
                colour = f"C{seed}"
                left.plot(curve["step"], curve["estimate"], color=colour, label=f"seed {seed}")
                fd.plot(curve["step"], curve["fd_lenet"], color=colour, linestyle=":")
                right.scatter(curve["fd_lenet"], curve["estimate"], color=colour, s=10)
            fd.set_yscale("log")
            fd.set_ylabel("fd_lenet (dotted)", fontsize=8)
            fd.tick_params(labelsize=7)
            left.set(title=f"{model}, {network}", xlabel="generator step")
            rank = numbers[f"{model} {network}"]["mean"]
            right.set(title=f"rank correlation {rank:.2f}" if rank is not None else "", xlabel="fd_lenet", xscale="log")
            for axis in (left, right):
                axis.set_ylabel(name, fontsize=8)
                axis.tick_params(labelsize=7)
                axis.grid(alpha=0.3)
                axis.title.set_fontsize(10)
                axis.xaxis.label.set_fontsize(8)
    axes[0][0].legend(fontsize=7)
    figures.foot(figure, f"mnist-5k; {numbers['wgan dcgan']['n']} seeds, a point a checkpoint, nothing smoothed")
    return figure
