"""The loop, one page, shared by every recipe: critic steps, a generator step, and from time to time a look at both."""

import contextlib
import signal
import time

import numpy as np
import paddle

from data import Order
from data.dataset import crop_to, to_uint8
from data.reader import batches
from errors import NotFinite, cannot_write
from training import checkpoint, grids, health, randomness
from training.budget import Budget
from training.log import in_words

SHOWN = 64  # images of a sample grid
SHOWN_POINTS = 2000


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came, and a checkpoint was saved. `signum`: which."""

    def __init__(self, signum):
        self.signum = signum


def train(trainer, dataset, folder, log, progress, say, state=None, budget=None):
    """Train `trainer` from where `state` (of a checkpoint, None for a new run) left it to recipe.steps or recipe.minutes.

    folder: the run's, made already. log: a RunLog. progress: has step(done) and show(done, text). say: takes a warning.
    budget: the run's clocks, for a caller that stops them while it looks on; by default the loop's own.
    Raises Interrupted after a signal, NotFinite for a number that is not, WriteError for a full disk; a good checkpoint is left.
    """
    recipe = trainer.recipe
    new, state = state is None, state or {"step": 0, "seconds": 0.0, "cpu_seconds": 0.0, "alarms": None}
    team = trainer.team
    order = Order(len(dataset.train), recipe.seed, trainer.attempt)
    heldout_order = Order(len(dataset.heldout), recipe.seed)
    reader = batches(dataset, order, trainer.images_seen, recipe.batch_size, team.shard)
    alarms = health.HealthMonitor(recipe, state["alarms"])
    budget = budget or Budget(recipe, state, team.leaders)
    last_seen, last_time = trainer.images_seen, time.monotonic()

    def stop_if_not_finite(figures, step, anywhere=team.any):
        bad = health.not_finite(figures)
        if anywhere(bad):  # in any process: all stop
            where = f"{recipe.model} ({recipe.objective}, {recipe.network}, {recipe.data})"
            kept = checkpoint.list_steps(folder)[-1]
            raise NotFinite(
                f"{', '.join(bad) or 'a figure'} not finite at step {step} of {where}; "
                f"the last good checkpoint is step {kept} in {folder}"
            )

    def sound_parts(step):
        """All weights and the optimisers' state. A loss need not show that one is not finite: Paddle's relu takes NaN for 0."""
        parts = trainer.parts()
        totals = {f"weights of {part}": health.total(arrays) for part, arrays in parts.items()}
        stop_if_not_finite(totals, step, anywhere=bool)  # weights are the same in all processes
        return parts

    def save(step):
        parts = sound_parts(step)
        if not team.leads:
            return
        now = {
            "step": step,
            "critic_steps": trainer.critic_steps,
            "attempt": trainer.attempt,
            "seconds": budget.seconds(),
            "cpu_seconds": budget.cpu_seconds(),
            "alarms": alarms.state,
            "logs": log.sizes(),
            "recipe": recipe.model_dump(),
            "shape": list(trainer.shape),
            "native_size": dataset.native_size,
        }
        checkpoint.save(folder, step, parts, now, recipe.keep_checkpoints)

    if new and team.leads:
        log.settings(recipe.model_dump())
        show_real(folder, log, dataset, recipe)
        show_samples(folder, log, trainer, dataset, 0)
        save(0)
    with signals() as signum:
        for step in range(state["step"] + 1, recipe.steps + 1):  # counted from 1: `step` generator steps are done at its end
            trainer.set_learning_rates(budget.used(step - 1))
            for _ in range(recipe.critic_steps(step - 1)):
                real = next(reader)
                critic_loss, *_, penalty = trainer.critic_step(real)
            generator_loss = trainer.generator_step(step - 1)
            budget.look()
            last = step == recipe.steps or budget.spent()
            part = budget.milestone()

            if step % recipe.log_every == 0 or step == 1 or last:
                held = dataset.batch(team.shard(heldout_order.take(step * recipe.batch_size, recipe.batch_size)), "heldout")
                losses = {"critic_loss": critic_loss, "generator_loss": generator_loss, "penalty": penalty}
                figures = {name: float(value) for name, value in losses.items() if value is not None}
                figures = team.average(figures | health.measure(trainer, paddle.to_tensor(held), real, step))
                stop_if_not_finite(figures, step)
                now = time.monotonic()
                rate = (trainer.images_seen - last_seen) / (now - last_time)
                last_seen, last_time = trainer.images_seen, now
                counters = {"critic_steps": trainer.critic_steps, "images_seen": trainer.images_seen}
                clock = {"seconds": round(budget.seconds(), 3), "cpu_seconds": round(budget.cpu_seconds(), 3)}
                clock["images_per_second"] = round(rate, 1)
                warnings = alarms.update(step, figures)
                if team.leads:
                    log.write(step, counters | clock | figures)
                    progress.show(step, in_words(figures | clock))
                    for warning in warnings:
                        say(warning)
            elif paddle.device.get_device() == "cpu":  # on a GPU it would make every step wait
                stop_if_not_finite({"critic_loss": float(critic_loss), "generator_loss": float(generator_loss)}, step)
            if step % recipe.sample_every == 0 or last or part:
                sound_parts(step)
                if team.leads:
                    show_samples(folder, log, trainer, dataset, step)
            stop = team.any(signum) and not last
            if step % recipe.checkpoint_every == 0 or last or stop or part == "fifth":
                save(step)
            if stop:
                raise Interrupted(signum[0] if signum else signal.SIGTERM)
            progress.step(step)
            if last:
                break


def show_real(folder, log, dataset, recipe):
    items = dataset.train[Order(len(dataset.train), recipe.seed).take(0, SHOWN_POINTS if dataset.is_points else SHOWN)]
    picture = grids.scatter(items) if dataset.is_points else grids.grid(crop_to(items, dataset.native_size))
    save_picture(folder / "samples" / "real.png", picture)
    log.image("samples/real", picture, 0)


def show_samples(folder, log, trainer, dataset, step):
    """samples/step-N.png from the run's fixed noise, and the weights' histograms."""
    items = sample(trainer, "fixed noise", SHOWN_POINTS if dataset.is_points else SHOWN)
    if dataset.is_points:
        picture = grids.scatter(items, dataset.train)
    else:
        picture = grids.grid(crop_to(to_uint8(items), dataset.native_size))
    save_picture(folder / "samples" / f"step-{step:06d}.png", picture)
    log.image("samples/generated", picture, step)
    for role, weights in (("generator", trainer.generator_weights), ("critic", trainer.critic_weights)):
        log.histogram(f"weights/{role}", paddle.concat([w.detach().flatten() for w in weights]).numpy(), step)


def save_picture(path, picture):
    try:
        path.parent.mkdir(exist_ok=True)
        grids.save_png(path, picture)
    except OSError as error:
        raise cannot_write(path, error, picture.nbytes) from None


@paddle.no_grad()
def sample(trainer, purpose, count, seed=None, batch=250):
    """`count` items from the trainer's sampler with running statistics, so that no sample depends on its batch-mates: float32."""
    z = randomness.noise(trainer.recipe.seed if seed is None else seed, purpose, 0, [count, trainer.recipe.latent])
    return generate(trainer.sampler, z, batch)


@paddle.no_grad()
def generate(generator, z, batch=250):
    """G(z) for an array z N×latent, in evaluation mode: float32 N×shape."""
    generator.eval()
    try:
        parts = [generator(paddle.to_tensor(z[i : i + batch])).numpy() for i in range(0, len(z), batch)]
    finally:
        generator.train()
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@contextlib.contextmanager
def signals():
    """A list that is empty until SIGINT or SIGTERM comes, then holds its number; the step under way is finished first."""
    heard = []
    paddle.disable_signal_handler()  # Paddle's own prints a C++ traceback and dies
    kept = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError):  # not in the main thread: a notebook's, say
            kept[number] = signal.signal(number, lambda signum, frame: heard.append(signum))
    try:
        yield heard
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
