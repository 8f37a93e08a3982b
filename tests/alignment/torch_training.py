"""Losses, penalty, optimisers and training of the papers as PyTorch's users write them: independent of models/ and training/."""

import torch

from training import randomness

BCE, MSE = torch.nn.functional.binary_cross_entropy_with_logits, torch.nn.functional.mse_loss
LOSSES = {  # critic's of (real, fake), generator's of fake
    "minimax": (lambda r, f: BCE(r, torch.ones_like(r)) + BCE(f, 0 * f), lambda f: -BCE(f, torch.zeros_like(f))),
    "non-saturating": (lambda r, f: BCE(r, torch.ones_like(r)) + BCE(f, 0 * f), lambda f: BCE(f, torch.ones_like(f))),
    "wasserstein": (lambda r, f: -(r.mean() - f.mean()), lambda f: -f.mean()),
    "least-squares": (
        lambda r, f: 0.5 * (MSE(r, torch.ones_like(r)) + MSE(f, torch.zeros_like(f))),
        lambda f: 0.5 * MSE(f, torch.ones_like(f)),
    ),
}


def penalty(critic, real, fake, epsilon):
    """WGAN-GP's, without lambda; epsilon: N×1×1×1."""
    points = (epsilon * real + (1 - epsilon) * fake).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return ((gradient.flatten(1).norm(2, dim=1) - 1) ** 2).mean()


def optimizer(recipe, network, rate):
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), lr=rate)  # as the authors: all else is the default
    return torch.optim.Adam(network.parameters(), lr=rate, betas=(recipe.beta1, recipe.beta2))


def train(recipe, generator, critic, steps, batches, labels=None, counts=None):
    """Algorithm 1 of either paper, written down plainly, with our noise. batches: an iterator of arrays N×C×H×W.

    labels: of a conditional recipe, an iterator of their classes, N; counts: how often the data have each.

    Returns the critic's losses, one a critic step, and the generator's, one a generator step. The networks' type is training's.
    """
    dtype = next(generator.parameters()).dtype
    critic_losses, generator_losses = [], []

    def noise(purpose, step, draw=randomness.noise, shape=(recipe.batch_size, recipe.latent)):
        return torch.tensor(draw(recipe.seed, purpose, step, list(shape)), dtype=dtype)

    def of_class(y):
        """G(·, y) and f(·, y)."""
        if y is None:
            return generator, critic
        y = torch.tensor(y)
        return lambda z: generator(z, y), lambda x: critic(x, y)

    for_critic = optimizer(recipe, critic, recipe.critic_learning_rate)
    for_generator = optimizer(recipe, generator, recipe.generator_learning_rate)
    for step in range(steps):
        for _ in range(recipe.n_critic):
            number = len(critic_losses)
            real = torch.tensor(next(batches), dtype=dtype)
            g, f = of_class(next(labels) if labels else None)
            fake = g(noise("critic noise", number)).detach()
            loss = -(f(real).mean() - f(fake).mean())
            if recipe.penalty:
                epsilon = noise("penalty", number, randomness.uniform, (len(real), 1, 1, 1))
                loss = loss + recipe.penalty * penalty(f, real, fake, epsilon)
            for_critic.zero_grad()
            loss.backward()
            for_critic.step()
            if recipe.clip:
                with torch.no_grad():
                    for parameter in critic.parameters():
                        parameter.clamp_(-recipe.clip, recipe.clip)
            critic_losses.append(loss.item())
        drawn = randomness.classes(recipe.seed, "generator classes", step, recipe.batch_size, counts) if labels else None
        g, f = of_class(drawn)
        loss = -f(g(noise("generator noise", step))).mean()
        for_generator.zero_grad()
        loss.backward()
        for_generator.step()
        generator_losses.append(loss.item())
    return critic_losses, generator_losses
