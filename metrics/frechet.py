"""frechet: Fréchet distance between Gaussians fitted to features."""

import numpy as np
from scipy.linalg import eigh

from errors import UserError
from metrics import checks


def frechet(fake, real, network="lenet"):
    """‖μ1 − μ2‖² + Tr(Σ1 + Σ2 − 2 (Σ1 Σ2)^½) (Dowson and Landau 1982; as FID, 1706.08500, eq. 6) of features N×F, M×F.

    FID means Inception's features; these are our own network's, whose name the value carries: fd_lenet, not FID. Smaller
    is better, 0 the least; the bias of a finite N is positive. Refuses sets with no more samples than features.
    """
    fake, real = checks.rows("frechet", fake, real)
    check_count(min(len(fake), len(real)), fake.shape[1])
    return {f"fd_{network}": frechet_gaussians(fake.mean(0), covariance(fake), real.mean(0), covariance(real))}


def check_count(samples, features):
    """Raise UserError unless there are more samples than features."""
    if samples <= features:
        raise UserError(
            f"frechet: {samples} samples are too few for {features} features, whose covariance they cannot fill; "
            f"more than {features} are needed (or leave it out with --metrics)"
        )


def covariance(x):
    return np.atleast_2d(np.cov(x, rowvar=False))


def frechet_gaussians(mean1, covariance1, mean2, covariance2):
    """The same for two Gaussians. Tr (Σ1 Σ2)^½ = Tr (Σ1^½ Σ2 Σ1^½)^½, whose matrix is symmetric: no complex root."""
    values, vectors = eigh(covariance1)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    product = eigh(root @ covariance2 @ root, eigvals_only=True)
    trace = np.trace(covariance1) + np.trace(covariance2) - 2 * np.sqrt(np.maximum(product, 0)).sum()
    return max(0.0, float(((mean1 - mean2) ** 2).sum() + trace))


def measure(draw):
    return frechet(draw.fake.features, draw.reference.features, draw.network)
