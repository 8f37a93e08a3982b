"""GAN and WGAN on good and on bad architectures (Wasserstein GAN, figures 5 to 7)."""

from collections.abc import Collection

from experiments import figures, training_runs
from experiments.numeric import each
from experiments.store import ExperimentStore

ABOUT = {
    "title": "Does WGAN forgive a bad architecture of both players where a GAN does not?",
    "title_zh": "双方的网络结构都变差时，WGAN 是否比 GAN 更稳健？",
    "claim": """"We observe that WGANs are much more robust than GANs when one varies the architectural choices for the
        generator." (Wasserstein GAN, 1701.07875, section 4.3); figures 5 to 7 show dcgan, a generator without batch norm
        and with a constant number of filters, and an mlp, on which WGAN still makes good samples while the GAN fails or
        loses modes. The seed post of 2018 repeats all three.""",
    "claim_zh": "改变生成器的结构时，WGAN 比 GAN 稳健得多（WGAN，1701.07875，4.3 节；图 5–7 是 dcgan、"
    "去掉批归一化且滤波器数不变的"
    "生成器、mlp；2018 年参照博文重复了三者）。",
    "run": """the non-saturating GAN and wgan with the papers' hyperparameters on dcgan, dcgan-nobn (no batch norm in the
        generator) and mlp, 16 filters or 512 units, mnist-5k, three seeds: 1,500 generator steps of wgan with five critic
        steps each, 7,500 of the GAN with one. Both players change, the critic becomes an mlp too: the paper changes the
        generator only, as section_43 does.""",
    "run_zh": "非饱和 GAN 与 wgan，论文的超参数，dcgan、dcgan-nobn（生成器没有批归一化）、mlp，16 个滤波器或 512 个单元，"
    "mnist-5k，"
    "三个种子：wgan 做 1,500 个生成器步、每步五个判别器步，GAN 做 7,500 步、每步一个。双方的网络一起变，判别器也成了 mlp；"
    "论文只改变生成器，section_43 照做。",
    "core_seconds": 4200,
    "constants": "the papers'",
    "claims": {
        "mlp": {
            "says": "An mlp for both players costs wgan less than it costs the GAN.",
            "says_zh": "双方都换成 mlp 对 wgan 的损害小于对 GAN 的损害。",
            "quantity": "fd_lenet divided by the one on dcgan, wgan's divided by the GAN's, paired by seed",
            "quantity_zh": "fd_lenet 与 dcgan 网络上的 fd_lenet 之比，wgan 的除以 GAN 的（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": ("generator steps", "critic steps"),
            "caveat": "It was asked after these trainings, and it favours whose dcgan is worse: the table shows both.",
            "caveat_zh": "这一问题是在这些训练之后提出的，而且有利于 dcgan 网络上较差的一方：表中两者都有。",
        },
        "nobn": {
            "says": "A generator without batch norm costs wgan less than it costs the GAN.",
            "says_zh": "生成器去掉批归一化对 wgan 的损害小于对 GAN 的损害。",
            "quantity": "fd_lenet divided by the one on dcgan, wgan's divided by the GAN's, paired by seed",
            "quantity_zh": "fd_lenet 与 dcgan 网络上的 fd_lenet 之比，wgan 的除以 GAN 的（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": ("generator steps", "critic steps"),
            "caveat": "It was asked after these trainings, and it favours whose dcgan is worse: the table shows both.",
            "caveat_zh": "这一问题是在这些训练之后提出的，而且有利于 dcgan 网络上较差的一方：表中两者都有。",
        },
    },
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


def runs(
    store: ExperimentStore, labels: Collection[str] | None = None, seeds: int | None = None
) -> dict[str, list[training_runs.Run]]:
    """{'gan dcgan': [a run a seed], …}: see training_runs.runs. labels: of some cells; store: of any experiment."""
    chosen = {label: cell for label, cell in cells(store.quick).items() if labels is None or label in labels}
    return training_runs.runs(store.other("robust_architectures"), chosen, seeds, tiles=32)


def measure(store):
    trained = runs(store)
    numbers = {label: training_runs.summary(group, VALUES) for label, group in trained.items()}
    numbers["floor"] = training_runs.real_baseline(trained)
    groups = [training_runs.alive(group) for label, group in trained.items() if label.startswith("wgan")]
    ways = [way for group in groups for run in group if None not in (way := run["on_the_way"]["fd_lenet"])]
    numbers["wgan at its best at the end"] = {"runs": sum(way[-1] == min(way) for way in ways), "of": len(ways)}
    numbers["claims"] = {}
    pairs = {network: [trained.get(f"{model} {network}", []) for model in ("wgan", "gan")] for network in NETWORKS}
    for key, network in (("mlp", "mlp"), ("nobn", "dcgan-nobn")):
        numbers["claims"] |= training_runs.relative_harm(ABOUT, key, pairs[network], pairs["dcgan"], "fd_lenet")
    return numbers


def draw(numbers, store):
    figure, axes = figures.new(2, 3, height=2.15)
    for column, network in enumerate(NETWORKS):
        for row, model in enumerate(("gan", "wgan")):
            label = f"{model} {network}"
            if label not in numbers:
                axes[row][column].axis("off")
                continue
            fd = each(numbers[label]["fd_lenet"])
            image = training_runs.worst_tile(store, label, numbers[label], "fd_lenet")
            figures.picture(axes[row][column], image, f"{model}, {network}\nfd_lenet {fd}")
    shown = numbers[WGAN]
    budget = f"{shown['seeds']} seeds, {(shown['critic_steps']['mean'] or 0):,.0f} critic steps each"
    figures.foot(figure, f"the same noise; samples: each one's worst seed; numbers: {budget}")
    return figure
