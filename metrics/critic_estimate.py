"""critic_estimate: the run's own critic on images that it was not trained on."""

import numpy as np

from errors import NotMeasurable
from metrics.draws import Draw
from metrics.registry import IMAGES, POINTS, register


def critic_estimate(fake: np.ndarray, heldout: np.ndarray) -> dict[str, float]:
    """E f(x) − E f(G(z)) (WGAN, 1701.07875, eq. 2) from the critic's outputs on samples (N) and on held-out images (M).

    For a K-Lipschitz critic a lower bound of K · W1. K is not known under weight clipping, so that numbers of two runs
    do not compare; for other objectives than Wasserstein's it is a difference of logits and bounds nothing.
    """
    fake, heldout = np.asarray(fake, np.float64), np.asarray(heldout, np.float64)
    if not len(fake) or not len(heldout):
        raise NotMeasurable("critic_estimate: needs a sample and a held-out image at least")
    return {"critic_estimate": float(heldout.mean() - fake.mean())}


@register(
    "critic_estimate",
    values={"critic_estimate": ""},
    fits=IMAGES + POINTS,
    needs=("critic",),
    on_the_way=IMAGES + POINTS,
    baseline="training",  # which the critic knows: far from 0, it has learnt them by heart
)
def measure(draw: Draw) -> dict[str, float]:
    return critic_estimate(draw.fake.critic, draw.heldout.critic)
