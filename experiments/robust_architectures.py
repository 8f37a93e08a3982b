"""GAN and WGAN on good and on bad architectures (Wasserstein GAN, figures 5 to 7)."""

from collections.abc import Collection

from experiments import FAILS, HOLDS, IN_PART, figures, training_runs
from experiments.store import ExperimentStore, label_key
from reporting.numbers import plus_minus

ABOUT = {
    "title": "Does WGAN forgive a bad architecture where a GAN does not?",
    "title_zh": "换差的网络结构，WGAN 是否比 GAN 更稳健？",
    "claim": """"We observe that WGANs are much more robust than GANs when one varies the architectural choices for the
        generator." (Wasserstein GAN, 1701.07875, section 4.3); figures 5 to 7 show dcgan, dcgan without batch norm, and an mlp,
        on which WGAN still makes good samples while the GAN fails or loses modes. The seed post of 2018 repeats all three.""",
    "refuted_by": """a WGAN that collapses (classes lost) where the GAN does not, or a WGAN whose quality suffers more from the
        worse architecture, as a ratio of fd_lenet to its own on dcgan, than the GAN's.""",
    "run": """gan and wgan with their own recipes on dcgan, dcgan-nobn (no batch norm in the generator) and mlp, 16 filters or 512
        units, mnist-5k, three seeds, equal numbers of critic steps: 1,500 generator steps of wgan with five critic steps each,
        7,500 of gan with one.""",
    "cost": "70 minutes on one core of an AMD EPYC (Zen 4).",
}

NETWORKS = ("dcgan", "dcgan-nobn", "mlp")
VALUES = ("fd_lenet", "kid", "precision", "recall", "coverage", "classes_found", "class_kl")
WGAN = "wgan dcgan"  # other experiments start from it
MARKS = 20  # checkpoints on the way, for loss_means_quality too


def cells(quick: bool) -> training_runs.Cells:
    table = {}
    for network in NETWORKS:
        for model, share in (("gan", 5), ("wgan", 1)):
            schedule = training_runs.schedule(share * (20 if quick else 1500), 4 if quick else MARKS, 300)
            table[f"{model} {network}"] = model, {"network": network, "filters": 16, **schedule}
    return table


def runs(store: ExperimentStore, labels: Collection[str] | None = None) -> dict[str, list[training_runs.Run]]:
    """{'gan dcgan': [a run a seed], …}: see training_runs.train. labels: of some cells; store: of any experiment."""
    chosen = {label: cell for label, cell in cells(store.quick).items() if labels is None or label in labels}
    return training_runs.runs(store.other("robust_architectures"), chosen, tiles=32)


def measure(store):
    trained = runs(store)
    numbers = {label: training_runs.summary(group, VALUES) for label, group in trained.items()}
    numbers["floor"] = training_runs.real_baseline(trained)
    ways = [run["on_the_way"]["fd_lenet"] for label, group in trained.items() if label.startswith("wgan") for run in group]
    numbers["wgan at its best at the end"] = {"runs": sum(way[-1] == min(way) for way in ways), "of": len(ways)}
    for model in ("gan", "wgan"):
        base = numbers[f"{model} dcgan"]["fd_lenet"]["mean"]
        ratios = {n: numbers[f"{model} {n}"]["fd_lenet"]["mean"] / base for n in NETWORKS if f"{model} {n}" in numbers}
        numbers[f"{model} worse by"] = ratios
    return numbers


def judge(numbers):
    worse = NETWORKS[1:]
    every_class = all(
        numbers[f"wgan {n}"]["classes_found"]["mean"] >= numbers[f"gan {n}"]["classes_found"]["mean"] for n in NETWORKS
    )
    steadier = [numbers["wgan worse by"][n] < numbers["gan worse by"][n] for n in worse]
    better = [numbers[f"wgan {n}"]["fd_lenet"]["mean"] < numbers[f"gan {n}"]["fd_lenet"]["mean"] for n in worse]
    if every_class and all(steadier) and all(better):
        return HOLDS
    return IN_PART if every_class or any(steadier) or any(better) else FAILS


def draw(numbers, store):
    figure, axes = figures.new(2, 3, height=2.15)
    for column, network in enumerate(NETWORKS):
        for row, model in enumerate(("gan", "wgan")):
            label = f"{model} {network}"
            fd, classes = (numbers[label][value] for value in ("fd_lenet", "classes_found"))
            title = f"{model}, {network}\nfd_lenet {plus_minus(fd)}, classes {classes['mean']:.3g}"
            figures.picture(axes[row][column], store.tile(label_key(label))[: 4 * 28], title)
    shown = numbers[WGAN]
    budget = f"{shown['seeds']} seeds, {shown['critic_steps']['mean']:,.0f} critic steps each"
    figures.foot(figure, f"the same noise, seed 0; numbers: {budget}")
    return figure
