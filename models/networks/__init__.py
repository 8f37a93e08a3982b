"""Networks by name. Any network serves any objective.

A new network is one file with Generator(recipe, shape) and Critic(recipe, shape) and a line in NETWORKS.
"""

import importlib
from typing import NamedTuple

from errors import UserError

ROLES = ("generator", "critic")


class Kind(NamedTuple):
    """module: file of this package. sizes: picture sizes it can make, None for any. norms: the roles that have norm layers."""

    module: str
    sizes: tuple | None
    norms: tuple = ROLES
    points: bool = False


NETWORKS = {
    "mlp": Kind("mlp", None, norms=(), points=True),
    "dcgan": Kind("dcgan", (32, 64, 128)),
    "dcgan-nobn": Kind("dcgan", (32, 64, 128), norms=("critic",)),  # dcgan whose generator has no batch norm
    "dcgan-constant": Kind("dcgan", (32, 64, 128), norms=("critic",)),  # nor does its width change: WGAN, section 4.3
    "paperweekly": Kind("paperweekly", (28, 32, 64, 128)),
    "resnet": Kind("resnet", (32, 64, 128)),
}


def check(recipe, is_points):
    """Raise UserError, before anything heavy is imported, if one of the recipe's networks cannot make its data."""
    for name in (recipe.generator_network, recipe.critic_network):
        kind = NETWORKS[name]
        if is_points and not kind.points:
            raise UserError(f"network {name} makes images, but {recipe.data} are points in the plane: use mlp")
        if not is_points and kind.sizes and recipe.image_size not in kind.sizes:
            sizes = ", ".join(map(str, kind.sizes))
            raise UserError(f"image_size {recipe.image_size}: network {name} makes {sizes} pixels")


def build(recipe, shape):
    """(generator, critic) for items of `shape`, (C, H, W) or (2,), freshly initialised from recipe.seed.

    Parameters are named generator/… and critic/…, so that an optimiser's state fits whatever else the process has built.
    """
    import paddle

    modules = [f"models.networks.{NETWORKS[name].module}" for name in (recipe.generator_network, recipe.critic_network)]
    makers, critics = map(importlib.import_module, modules)
    paddle.seed(recipe.seed)
    pair = makers.Generator(recipe, shape), critics.Critic(recipe, shape)
    for role, network in zip(ROLES, pair, strict=True):
        for name, parameter in network.named_parameters():
            parameter.name = f"{role}/{name}"
    return pair
