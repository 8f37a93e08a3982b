"""--amp. Paddle's autocast does nothing on a CPU: here only what surrounds it is tried, the arithmetic takes a GPU."""

import paddle
import pytest

from tests.helpers import batch, run_program, tiny_game


@pytest.mark.filterwarnings("ignore:amp_guard can only")
@pytest.mark.parametrize("model", ["wgan", "wgan-gp", "gan"])
def test_where_autocast_does_nothing_a_step_is_the_same(model):
    losses = []
    for amp in (False, True):
        trainer, real = tiny_game(model, amp=amp), batch()
        losses.append((trainer.critic_step(real)[0].item(), trainer.generator_step(0).item()))
        assert {w.dtype for w in trainer.critic_weights + trainer.generator_weights} == {paddle.float32}
    assert losses[0] == losses[1]


def test_on_a_cpu_it_is_refused_in_words(tmp_path):
    status, _, err = run_program("train.py", "--model", "wgan", "--amp", "--device", "cpu", "--out", "run", cwd=tmp_path)
    assert status == 2
    assert "amp is for GPUs" in err and len(err.splitlines()) == 1
    assert not (tmp_path / "run").exists()
