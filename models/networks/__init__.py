"""Networks by name. Any network serves any objective.

A new network is one file with Generator(recipe, shape) and Critic(recipe, shape) and a line in NETWORKS.
"""

import importlib
from typing import NamedTuple

from errors import UserError


class Kind(NamedTuple):
    """module: file of this package. sizes: picture sizes it can make, None for any. norms: whether it has norm layers."""

    module: str
    sizes: tuple | None
    norms: bool
    points: bool = False


NETWORKS = {
    "mlp": Kind("mlp", None, norms=False, points=True),
    "dcgan": Kind("dcgan", (32, 64, 128), norms=True),
    "dcgan-nobn": Kind("dcgan", (32, 64, 128), norms=True),  # dcgan whose generator has no batch norm
    "paperweekly": Kind("paperweekly", (28, 32, 64, 128), norms=True),
    "resnet": Kind("resnet", (32, 64, 128), norms=True),
}


def check(recipe, is_points):
    """Raise UserError, before anything heavy is imported, if the recipe's network cannot make its data."""
    kind = NETWORKS[recipe.network]
    if is_points and not kind.points:
        raise UserError(f"network {recipe.network} makes images, but {recipe.data} are points in the plane: use mlp")
    if not is_points and kind.sizes and recipe.image_size not in kind.sizes:
        sizes = ", ".join(map(str, kind.sizes))
        raise UserError(f"image_size {recipe.image_size}: network {recipe.network} makes {sizes} pixels")


def build(recipe, shape):
    """(generator, critic) for items of `shape`, (C, H, W) or (2,), freshly initialised from recipe.seed.

    Parameters are named generator/… and critic/…, so that an optimiser's state fits whatever else the process has built.
    """
    import paddle

    module = importlib.import_module(f"models.networks.{NETWORKS[recipe.network].module}")
    paddle.seed(recipe.seed)
    pair = module.Generator(recipe, shape), module.Critic(recipe, shape)
    for role, network in zip(("generator", "critic"), pair, strict=True):
        for name, parameter in network.named_parameters():
            parameter.name = f"{role}/{name}"
    return pair
