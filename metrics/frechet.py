"""frechet: Fréchet distance between Gaussians fitted to features."""

import numpy as np

from data import Dataset
from errors import NotMeasurable
from metrics import checks
from metrics.draws import Draw, Items
from metrics.networks import NETWORKS
from metrics.registry import IMAGES, register


def frechet(fake: np.ndarray, real: np.ndarray, network: str = "lenet") -> dict[str, float]:
    """‖μ1 − μ2‖² + Tr(Σ1 + Σ2 − 2 (Σ1 Σ2)^½) (Dowson and Landau 1982; as FID, 1706.08500, eq. 6) of features N×F, M×F.

    FID means Inception's features; these are our own network's, whose name the value carries: fd_lenet, not FID. Smaller
    is better, 0 the least; the bias of a finite N is positive. Raises NotMeasurable unless there are more samples than features.
    """
    fake, real = checks.rows("frechet", fake, real)
    check_count(min(len(fake), len(real)), fake.shape[1])
    return {f"fd_{network}": frechet_gaussians(fake.mean(0), covariance(fake), real.mean(0), covariance(real))}


def check_count(samples: int, features: int) -> None:
    """Raise NotMeasurable unless there are more samples than features."""
    if samples <= features:
        raise NotMeasurable(
            f"frechet: {samples} samples are too few for {features} features, whose covariance they cannot fill; "
            f"more than {features} are needed (or name the others with --metrics)"
        )


def covariance(x: np.ndarray) -> np.ndarray:
    return np.atleast_2d(np.cov(x, rowvar=False))


def frechet_gaussians(mean1: np.ndarray, covariance1: np.ndarray, mean2: np.ndarray, covariance2: np.ndarray) -> float:
    """The same for two Gaussians. Tr (Σ1 Σ2)^½ = Tr (Σ1^½ Σ2 Σ1^½)^½, whose matrix is symmetric: no complex root."""
    from scipy.linalg import eigh

    values, vectors = eigh(covariance1)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    product = eigh(root @ covariance2 @ root, eigvals_only=True)
    trace = np.trace(covariance1) + np.trace(covariance2) - 2 * np.sqrt(np.maximum(product, 0)).sum()
    return max(0.0, float(((mean1 - mean2) ** 2).sum() + trace))


def check(samples: Items, dataset: Dataset) -> None:
    """Raise NotMeasurable unless samples and held-out images are more than their features."""
    features = samples.features.shape[1]
    check_count(len(samples), features)
    if len(dataset.heldout) <= features:
        raise NotMeasurable(
            f"frechet: {dataset.name} holds out {len(dataset.heldout)} images, too few for {features} features "
            "(name the others with --metrics)"
        )


@register(
    "frechet",
    values={f"fd_{network.architecture}": "lower" for network in NETWORKS.values()},
    fits=IMAGES,
    needs=("features",),
    on_the_way=IMAGES,
    check=check,
    quality=True,
)
def measure(draw: Draw) -> dict[str, float]:
    return frechet(draw.fake.features, draw.reference.features, draw.network)
