"""class_accuracy: do samples of a conditional generator show the class that was asked of it?"""

import numpy as np

from errors import NotMeasurable
from metrics import checks
from metrics.draws import Draw
from metrics.registry import register


def class_accuracy(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Share of the samples whose likeliest class, of probabilities N×K, is that of `labels`, whole numbers N of 0 to K − 1."""
    (probabilities,), labels = checks.rows("class_accuracy", probabilities, at_least=1), np.asarray(labels)
    if labels.shape != (len(probabilities),) or labels.dtype.kind not in "iu":
        raise NotMeasurable(f"class_accuracy: wants a class a sample, not {labels.dtype} of shape {labels.shape}")
    return {"class_accuracy": float((probabilities.argmax(1) == labels).mean())}


@register(
    "class_accuracy",
    values={"class_accuracy": "higher"},
    fits=("images",),
    needs=("features", "probabilities", "labels"),
)
def measure(draw: Draw) -> dict[str, float]:
    return class_accuracy(draw.fake.probabilities, draw.fake.labels)
