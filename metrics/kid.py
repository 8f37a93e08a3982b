"""kid: kernel distance between features."""

from metrics import checks


def kid(fake, real):
    """Unbiased MMD² with the kernel (x·y/F + 1)³ (KID, 1801.01401) of features N×F, M×F.

    Its mean is 0 for equal distributions, so that it can be negative; smaller is better.
    """
    fake, real = checks.rows("kid", fake, real)
    n, m = len(fake), len(real)
    within_fake, within_real, between = kernel(fake, fake), kernel(real, real), kernel(fake, real)
    value = (within_fake.sum() - within_fake.trace()) / (n * (n - 1))
    value += (within_real.sum() - within_real.trace()) / (m * (m - 1))
    return {"kid": float(value - 2 * between.mean())}


def kernel(x, y):
    return (x @ y.T / x.shape[1] + 1) ** 3


def measure(draw):
    return kid(draw.fake.features, draw.real.features)
