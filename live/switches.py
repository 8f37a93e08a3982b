"""The four changes that make a GAN a WGAN (WGAN, 1701.07875, algorithm 1), each of which can be thrown alone."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

# name → (settings of the GAN, settings of the WGAN); all may change between two steps (training/trainer.py, MOVABLE)
SWITCHES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # the critic's output is no probability, and no logarithm is taken of it
    "loss": ({"objective": "non-saturating"}, {"objective": "wasserstein"}),
    # each weight of the critic is cut to [−c, c] after each of its steps
    "clip": ({"clip": None}, {"clip": 0.01}),
    # an optimiser without momentum
    "momentum": ({"optimizer": "adam", "beta1": 0.5}, {"optimizer": "rmsprop", "beta1": 0.5}),
    # more critic steps for each of the generator's
    "n_critic": ({"n_critic": 1}, {"n_critic": 5}),
}


def switched(thrown: Collection[str]) -> dict[str, Any]:
    """Settings for the model `gan` with the switches `thrown` on the WGAN's side, the others on the GAN's."""
    return {key: value for name, sides in SWITCHES.items() for key, value in sides[name in thrown].items()}
