"""From a recipe to a trained run: recipe, runtime, loop, checkpoints, logs, health."""
