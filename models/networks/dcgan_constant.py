"""dcgan-constant: dcgan whose generator does not change its width, nor has batch norm (WGAN, 1701.07875, section 4.3)."""

from models.networks import dcgan

Critic = dcgan.Critic


class Generator(dcgan.Generator):
    """As dcgan's, with `filters` channels in all layers."""

    constant_width = True
