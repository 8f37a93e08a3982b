"""Warnings that follow from a critic's logged figures (training/health.py)."""

from __future__ import annotations

from models.objectives import OBJECTIVES
from training.recipe import Recipe

PATIENCE = 5  # logged steps in a row before a warning
DEAD = 1e-7  # a critic whose mean ‖∇f‖ is smaller teaches the generator nothing


class HealthMonitor:
    """Warns once in words of each thing that goes wrong; `state` (a dict for JSON) survives a checkpoint."""

    def __init__(self, recipe: Recipe, state: dict[str, int] | None = None):
        self.recipe = recipe
        self.state = {"dead": 0, "negative": 0, **(state or {})}

    def update(self, step: int, figures: dict[str, float]) -> list[str]:
        """The warnings (a list of lines) that these figures of a logged step call for."""
        recipe = self.recipe
        mend = "a larger clip value or fewer layers" if recipe.clip else "a smaller critic_learning_rate"
        mend += " or n_critic" if not recipe.clip and recipe.n_critic > 1 else ""
        signs = {"dead": figures["gradient_norm"] < DEAD}
        if OBJECTIVES[recipe.objective].wasserstein:
            signs["negative"] = figures["estimate"] < 0
        texts = {
            "dead": f"the critic is dead: at step {step} its gradient is {figures['gradient_norm']:.1e}, so the generator "
            f"learns nothing ({mend} may help)",
            "negative": f"the estimate stays negative (step {step}: {figures['estimate']:.3g}): the critic does worse than a "
            "constant; look at its learning rate and at n_critic",
        }
        warnings = []
        for name, sign in signs.items():
            if self.state[name] < PATIENCE:  # afterwards it has been said
                self.state[name] = self.state[name] + 1 if sign else 0
                if self.state[name] == PATIENCE:
                    warnings.append(texts[name])
        return warnings
