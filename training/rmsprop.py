"""RMSProp exactly as in PyTorch, which the authors of WGAN used."""

from paddle import Tensor
from paddle.optimizer import Adam


class RMSProp(Adam):
    """v ← ρ v + (1 − ρ) g², w ← w − α g / (√v + ε).

    Paddle's own RMSProp has ε inside of the root. A WGAN's gradients are small, often around 1e-6 and less: at √v = 1e-7 the two
    differ by a tenth of a step even with the best ε, with Paddle's 1e-6 by far more. Adam has ε outside: with beta1 = 0 it is
    this, but for the correction of its first steps, which its powers of beta carry. Those are 0 here, and stay so.
    """

    def __init__(self, learning_rate: float, rho: float = 0.99, epsilon: float = 1e-8, parameters: list[Tensor] | None = None):
        super().__init__(learning_rate, beta1=0.0, beta2=rho, epsilon=epsilon, parameters=parameters)

    def _add_moments_pows(self, p):
        super()._add_moments_pows(p)
        for name in (self._beta1_pow_acc_str, self._beta2_pow_acc_str):
            power = self._get_accumulator(name, p)
            power.set_value(power * 0)
