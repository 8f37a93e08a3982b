"""stacked: which of stacked MNIST's 1000 modes the samples find."""

import numpy as np

from errors import NotMeasurable
from metrics.classes import divergence
from metrics.draws import Draw
from metrics.registry import register


def stacked(modes: np.ndarray, shares: np.ndarray) -> dict[str, float]:
    """modes: int N, the three digits read as a number 0..999. shares: 1000, their probabilities in the data.

    stacked_modes: modes found, with one sample or more; stacked_kl: KL(samples ‖ data) in nats (Unrolled GAN, 1611.02163;
    PacGAN, 1712.04086). Published with about 25,600 samples: fewer find fewer and have a larger KL.
    """
    modes = np.asarray(modes)
    if not len(modes) or modes.dtype.kind not in "iu" or modes.min() < 0 or modes.max() > 999:
        raise NotMeasurable("stacked: wants one whole number of 0..999 a sample, and one sample at least")
    counts = np.bincount(modes, minlength=1000)
    return {"stacked_modes": float((counts > 0).sum()), "stacked_kl": divergence(counts / len(modes), shares)}


def mode_of(probabilities: np.ndarray) -> np.ndarray:
    """N×3×10 → N numbers 0..999."""
    return probabilities.argmax(2) @ np.array([100, 10, 1])


def mode_shares(labels: np.ndarray) -> np.ndarray:
    """Probability of each mode when three digits are drawn independently, from the modes of the data: shape 1000."""
    digit = np.bincount(np.concatenate([labels // 100, labels // 10 % 10, labels % 10]), minlength=10) / (3 * len(labels))
    return np.einsum("a,b,c->abc", digit, digit, digit).ravel()


@register(
    "stacked",
    values={"stacked_modes": "higher", "stacked_kl": "lower"},
    fits=("stacked",),
    needs=("features",),
    block=25_600,
)
def measure(draw: Draw) -> dict[str, float]:
    if draw.dataset.labels is None:
        raise NotMeasurable(f"stacked: {draw.dataset.name} is of the kind 'stacked', but its Dataset has no labels")
    return stacked(mode_of(draw.fake.probabilities), mode_shares(draw.dataset.labels))
