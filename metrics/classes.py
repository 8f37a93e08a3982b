"""classes: what a classifier says about the samples."""

import numpy as np

from errors import NotMeasurable
from metrics import checks
from metrics.draws import Draw
from metrics.registry import register

FOUND_SHARE = 0.1  # a class is found if it has a tenth of its share in the data


def classes(fake: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """From class probabilities N×K of samples and M×K of data.

    classes_found: classes with at least a tenth of their share in the data. class_kl: KL(samples ‖ data) of the
    histograms of the likeliest class, in nats. confidence: mean probability of the likeliest class. classifier_score: exp E
    KL(p(y|x) ‖ p(y)), from 1 to K (the Inception score, 1606.03498, with our classifier). class_0 …: share of each class.
    """
    fake, real = checks.rows("classes", fake, real, at_least=1)
    if min(fake.min(), real.min()) < 0 or not all(np.allclose(p.sum(1), 1, atol=1e-3) for p in (fake, real)):
        raise NotMeasurable("classes: wants probabilities, rows that add up to 1")
    k = fake.shape[1]
    share, data = (np.bincount(p.argmax(1), minlength=k) / len(p) for p in (fake, real))
    marginal = fake.mean(0)
    kl = (fake * (np.log(np.maximum(fake, 1e-30)) - np.log(np.maximum(marginal, 1e-30)))).sum(1)
    return {
        "classes_found": float(((share >= FOUND_SHARE * data) & (data > 0)).sum()),
        "class_kl": divergence(share, data),
        "confidence": float(fake.max(1).mean()),
        "classifier_score": float(np.exp(kl.mean())),
        **{f"class_{i}": float(s) for i, s in enumerate(share)},
    }


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p ‖ q) of two histograms in nats; what q lacks counts as 1e-6, so that the number stays finite."""
    p, q = np.asarray(p, np.float64), np.maximum(q, 1e-6)
    return float((p[p > 0] * np.log(p[p > 0] / q[p > 0])).sum())


@register(
    "classes",
    values={"classes_found": "higher", "class_kl": "lower", "confidence": "", "classifier_score": "higher"},
    fits=("images",),
    needs=("features", "probabilities"),
)
def measure(draw: Draw) -> dict[str, float]:
    return classes(draw.fake.probabilities, draw.reference.probabilities)
