"""Normalising layers by name. A new one is a class that takes (channels, channels_last) and a row of NORMS."""

from typing import NamedTuple

from errors import UserError

ROLES = ("generator", "critic")


class Norm(NamedTuple):
    """layer: the class, or its name in layers.py, which is imported with Paddle; None for no layer at all.

    roles: the players that may have it. mixes_samples: what it makes of a sample depends on the others of the batch; its class
    must be one of layers.BatchNorm, for the trainer to know.
    """

    layer: str | type | None
    roles: tuple[str, ...] = ROLES
    mixes_samples: bool = False


NORMS = {
    "batch": Norm("BatchNorm", mixes_samples=True),
    "layer": Norm("LayerNorm", roles=("critic",)),
    "none": Norm(None),
}


def names(role: str) -> list[str]:
    """The norms that a player, of ROLES, may have."""
    return [name for name, norm in NORMS.items() if role in norm.roles]


def error_with_penalty(name: str) -> UserError:
    """What is raised where the critic has a gradient penalty and the norm `name`, which mixes samples."""
    allowed = " or ".join(f"critic_norm={other}" for other in names("critic") if not NORMS[other].mixes_samples)
    return UserError(
        f"critic_norm {name} with a gradient penalty: the penalty is per sample, {name} norm mixes samples; use {allowed}"
    )
