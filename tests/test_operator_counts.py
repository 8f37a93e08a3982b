"""How many Paddle operators a step calls: counts, not times, so that a slow machine cannot fail and a wasteful change does."""

from collections import Counter

import pytest

from tests.helpers import batch, tiny_game
from training import runtime


def operators(call):
    """{operator: how often `call` runs it}, by Paddle's profiler."""
    if runtime.has_gpu_build() and not runtime.takes_gpu("auto"):
        pytest.skip("the profiler of Paddle's GPU build asks CUDA, which is not here")
    from paddle.profiler import Profiler, ProfilerTarget

    call()  # index tables and optimiser state are made once
    profiler = Profiler(targets=[ProfilerTarget.CPU], on_trace_ready=lambda _: None)
    profiler.start()
    call()
    profiler.stop()
    counts = Counter()

    def visit(node):
        name, _, kind = node.name.partition(" ")
        counts[name] += kind == "dygraph"
        for child in node.children_node:
            visit(child)

    for root in profiler.profiler_result.get_data().values():
        visit(root)
    return +counts


@pytest.mark.parametrize(
    "model, network, step, limits",
    [
        # real and fake go through a critic with batch norm apart; a generator's step takes no gradient of the critic's weights
        ("wgan", "dcgan", "critic", {"matmul": 12, "gather": 34, "concat": 19, "clip_": 8, "all": 203}),
        ("wgan", "dcgan", "generator", {"matmul": 8, "gather": 30, "concat": 16, "clip_": 0, "all": 165}),
        # and through one without it together; the penalty is one more pass there and back, twice
        ("wgan-gp", "dcgan", "critic", {"matmul": 20, "gather": 41, "concat": 25, "all": 245}),
        # its first gradient leaves the weights' out; the patches of so small a batch are one part
        ("wgan", "resnet", "critic", {"matmul": 92, "gather": 103, "clip_": 36, "all": 906}),
        ("wgan", "resnet", "generator", {"matmul": 60, "gather": 93, "clip_": 0, "all": 642}),
        ("wgan-gp", "resnet", "critic", {"matmul": 101, "gather": 129, "all": 983}),
        # a linear layer of an mlp is two products and a sum: the bias's gradient is a product too
        ("gan", "mlp", "critic", {"gather": 0, "concat": 1, "matmul": 16, "all": 65}),
    ],
)
def test_a_step_calls_no_more_operators_than_it_needs(model, network, step, limits):
    trainer, real = tiny_game(model, network=network, ema=0), batch()
    counts = operators((lambda: trainer.critic_step(real)) if step == "critic" else (lambda: trainer.generator_step(0)))
    counts["all"] = counts.total()
    assert counts["all"] > 10
    assert {name: counts[name] for name, limit in limits.items() if counts[name] > limit} == {}
