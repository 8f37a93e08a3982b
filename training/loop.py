"""The loop, shared by every recipe: critic steps, a generator step, then the callbacks (training/callbacks.py)."""

from data import Order
from data.reader import batches
from errors import Interrupted
from training import callbacks, signals
from training.budget import Budget


def train(trainer, dataset, folder, log, progress, warn, state=None, budget=None):
    """Train to recipe.steps or recipe.minutes with all that a run's folder holds.

    state: of the checkpoint that training goes on from, None for a new run. folder: the run's, made already. log: a RunLog,
    None in all processes but the first. progress: has step(done) and show(done, text). warn: takes a line. budget: the run's
    clocks, for a caller that stops them while it looks on; by default the loop's own.

    Raises Interrupted after a signal, NotFinite for a number that is not, WriteError for a full disk; a good checkpoint is left.
    """
    budget = budget or Budget(trainer.recipe, state, trainer.team.leaders)
    with signals.received() as received:
        after = callbacks.of_a_run(trainer, dataset, folder, log, progress, warn, state, budget, received)
        run(trainer, dataset, after, budget, state["step"] if state else 0, new=state is None)


def run(trainer, dataset, after, budget, begin=0, new=True):
    """Generator steps begin + 1, begin + 2, … until the budget is spent or a callback (of the list `after`) says interrupted.

    new: nothing was saved before.
    """
    recipe = trainer.recipe
    order = Order(len(dataset.train), recipe.seed, trainer.attempt)
    reader = batches(dataset, order, trainer.images_seen, recipe.batch_size, trainer.team.shard)
    for callback in after:
        callback.begin(new)
    for number in range(begin + 1, recipe.steps + 1):  # counted from 1: so many generator steps are done at its end
        trainer.set_learning_rates(budget.used(number - 1))
        for _ in range(recipe.critic_steps(number - 1)):
            real = next(reader)
            critic = trainer.critic_step(real)
        generator_loss = trainer.generator_step(number - 1)
        budget.look()
        last = number == recipe.steps or budget.spent()
        step = callbacks.Step(number, last, budget.milestone(), real, critic, generator_loss)
        for callback in after:
            callback.after(step)
        if step.interrupted:
            raise Interrupted(step.interrupted)
        if last:
            break
