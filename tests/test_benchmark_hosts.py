"""What docs/scaling.md calculates: operations and bytes from the layers' shapes, seconds from the model; and its tables."""

import json

import paddle
import pytest

from benchmarks import hosts, hosts_table, work
from benchmarks.worker import recipe_of
from models.networks.convolution import Conv, Deconv
from models.networks.layers import BatchNorm, LayerNorm, Linear
from reporting.markdown import between_marks
from tests.helpers import ROOT, tiny

MEASURED = json.loads((ROOT / "docs" / "scaling.json").read_text(encoding="utf-8"))
THROUGHPUT = json.loads((ROOT / "docs" / "throughput.json").read_text(encoding="utf-8"))["rows"]


@pytest.mark.parametrize(
    ("layer", "shape", "operations"),
    [
        (Linear(5, 7), [5], 2 * 5 * 7),
        (Conv(3, 8), [32, 32, 3], 2 * (4 * 4 * 3) * 8 * (16 * 16)),  # a stride of 2
        (Conv(6, 1, 4, 1, 0), [4, 4, 6], 2 * (4 * 4 * 6) * 1),  # the whole picture at once
        (Deconv(6, 5), [8, 8, 6], 2 * (4 * 4 * 5) * 6 * (8 * 8)),  # each of 8×8 places makes 4×4
        (Deconv(9, 5, 4, 1, 0), [1, 1, 9], 2 * (4 * 4 * 5) * 9),
        (paddle.nn.Conv2D(3, 8, 3, padding=1), [3, 10, 10], 2 * (3 * 3 * 3) * 8 * (10 * 10)),
    ],
    ids=str,
)
def test_a_layer_s_operations_are_those_counted_by_hand(layer, shape, operations):
    x = paddle.ones([3, *shape])
    assert work.products(layer, x) == (operations, operations)
    x.stop_gradient = False
    assert work.products(paddle.nn.Sequential(layer), x) == (operations, 0)


def test_only_layers_that_multiply_are_counted_and_none_is_overlooked():
    assert work.products(paddle.nn.Sequential(BatchNorm(4), LayerNorm(4), paddle.nn.ReLU()), paddle.ones([2, 4, 3, 3])) == (0, 0)
    with pytest.raises(TypeError, match="Conv1D"):
        work.products(paddle.nn.Conv1D(4, 4, 3), paddle.ones([2, 4, 9]))


@pytest.mark.parametrize("model", ["wgan", "wgan-gp"])
@pytest.mark.parametrize(
    ("network", "filters", "data"), [("dcgan", 32, "mnist-5k"), ("mlp", 64, "mnist-5k"), ("resnet", 32, "cifar10")]
)
def test_a_step_s_operations_are_those_that_pytorch_counts(model, network, filters, data):
    """docs/throughput.json has them as a share of a product's rate."""
    at = {"model": model, "network": network, "filters": filters, "data": data, "clock": "wall", "variant": "ours"}
    rows = {row["step"]: row for row in THROUGHPUT if at.items() <= row.items()}
    counted = work.operations(recipe_of(model, network, filters, data))
    for step, operations in counted.items():
        by_pytorch = rows[step]["share_of_product"] * rows[step]["seconds"] * rows["loop"]["product_gflops"] * 1e9
        assert operations == pytest.approx(by_pytorch, rel=0.005)


def test_a_step_s_reductions_are_those_counted_by_hand():
    # latent 8, widths 32 in four linear layers with biases
    weights = 8 * 16 + 16 + 2 * (16 * 16 + 16) + 16 * 1024 + 1024, 1024 * 16 + 16 + 2 * (16 * 16 + 16) + 16 + 1
    found = work.reductions(tiny("wgan", network="mlp"))
    assert found == {"critic": [4 * weights[1]], "generator": [4 * weights[0]]}
    # dcgan: batch norm of 16, 8 and 4 channels in the generator, of 8 and 16 in the critic; two sums a channel
    generator, critic = [8 * channels for channels in (16, 8, 4)], [8 * channels for channels in (8, 16)]
    found = work.reductions(tiny("wgan", network="dcgan"))
    back = [critic[1], critic[1], critic[0], critic[0]]
    assert found["critic"][:-1] == generator + 2 * critic + back  # real and generated items, and back through both
    assert found["generator"][:-1] == generator + critic + critic[::-1] + generator[::-1]
    assert found["critic"][-1] == 4 * (16 * 4 + 16 * 4 * 8 + 16 * 8 * 16 + 16 * 16 + 2 * (8 + 16))
    alone = work.reductions(tiny("wgan", network="dcgan", sync_batch_norm=False))
    assert alone == {step: sizes[-1:] for step, sizes in found.items()}


def test_the_model_is_the_one_on_the_page():
    seconds = hosts_table.seconds
    assert seconds(3.0, [100, 200], 1, 10.0, 1.0) == 3.0
    assert seconds(3.0, [100, 200], 2, 10.0, 0.25) == 1.5 + 300 / 10 + 2 * 2 * 0.25
    assert seconds(3.0, [100, 200], 4, 10.0, 0.25) == 0.75 + 1.5 * 300 / 10 + 2 * 6 * 0.25
    assert hosts_table.fastest(1.0, [0], 1.0, 0.0, 64) == 64
    assert hosts_table.fastest(1.0, [100], 10.0, 0.0, 64) == 1
    assert hosts_table.fastest(8.0, [0], 1.0, 0.5, 64) == 2  # 8/n + n − 1: 8, 5, 5, 8; of two equal ones the fewer hosts


@pytest.mark.parametrize(("page", "language"), hosts.PAGES.items())
def test_the_tables_are_those_of_the_json(page, language):
    text = (ROOT / page).read_text(encoding="utf-8")
    for what, table in hosts_table.tables(MEASURED, language).items():
        assert between_marks(ROOT / page, what, table) == text
    assert all(field in MEASURED for field in ("processor", "instructions", "versions", "seed", "load_before", "link"))


def test_the_json_counts_the_critic_steps_of_today_s_recipes():
    rows = [*hosts.ROWS, *hosts.LARGER]
    assert [each["n_critic"] for each in MEASURED["work"]] == [recipe_of(*row).n_critic for row in rows]


@pytest.mark.parametrize("row", [hosts.ROWS[0], hosts.ROWS[1], hosts.LARGER[0]], ids=str)
def test_the_json_says_what_the_program_computes_and_sends(row):
    assert hosts.work_of(row) in MEASURED["work"]
