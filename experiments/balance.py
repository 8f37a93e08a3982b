"""How many critic steps a generator step bears (Wasserstein GAN, sections 3 and 4.3)."""

from typing import Any

from experiments import figures, run_groups, training_runs

ABOUT = {
    "title": "Must the players be balanced: what do more critic steps do to each method?",
    "title_zh": "双方需要平衡吗：判别器步数增多对各方法有何影响？",
    "claim": """training a WGAN takes no careful balance between discriminator and generator: the EM distance is continuous
        and differentiable almost everywhere, so that the critic can, and should, be trained till optimality (Wasserstein GAN,
        1701.07875, introduction and section 3); for the JS the gradient vanishes as the discriminator gets better
        (1701.04862, theorem 2.4).""",
    "claim_zh": "EM 距离处处连续、几乎处处可微，所以可以（而且应当）把判别器训练到最优，不必再小心平衡双方（WGAN，"
    "1701.07875，第 3 节、引言）；而对 JS 来说，判别器越好梯度越趋于消失（1701.04862，定理 2.4）。",
    "run": """n_critic 1, 5 and 20 for four methods: the saturating loss (minimax), −log D, clipping (c = 0.1) and the
        penalty (lambda 0.1), on the 25 Gaussians, mlp of 64 units, batch 128, learning rate 5e-4 for all (Adam, with clipping
        RMSProp), 2,000 generator steps, five seeds. Read at equal generator steps: more critic steps cost more time.""",
    "run_zh": "四种方法各用 n_critic = 1、5、20：饱和损失（minimax）、−log D、裁剪（c = 0.1）、惩罚（lambda = "
    "0.1），25 个高斯，64 个单元的 mlp，每批 128，学习率都是 5e-4（Adam；裁剪用 RMSProp），2,000 个生成器步，五个种子。"
    "按相同的生成器步数比较；判别器步越多越花时间。",
    "core_seconds": 5400,
    "constants": "ours",
    "claims": {
        "clip": {
            "says": "With clipping, twenty critic steps are better than one.",
            "says_zh": "用裁剪时，每步更新判别器二十次好于一次。",
            "quantity": "exact W1 after the last step with twenty divided by that with one, paired by seed",
            "quantity_zh": "最后一步之后的精确 W1，二十步的除以一步的（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": "generator steps",
            "caveat": "The W1 of a training with twenty steps rose again: it is named below.",
            "caveat_zh": "有一次二十步的训练，W1 后来又回升，见下。",
        },
        "penalty": {
            "like": "clip",
            "says": "With the penalty, twenty critic steps are better than one.",
            "says_zh": "用梯度惩罚时，每步更新判别器二十次好于一次。",
            "caveat": "The gain lies between one and five steps (table): with one step it fails.",
            "caveat_zh": "好处在一步与五步之间（见表）：只有一步时训练失败。",
        },
        "minimax": {
            "says": "With the saturating loss, twenty discriminator steps are worse than one.",
            "says_zh": "用饱和损失时，每步更新判别器二十次不如一次。",
            "quantity": "exact W1 after the last step with twenty divided by that with one, paired by seed",
            "quantity_zh": "最后一步之后的精确 W1，二十步的除以一步的（按种子配对）",
            "relation": "above",
            "threshold": 1,
            "terms": "generator steps",
        },
        "log_d": {
            "like": "minimax",
            "says": "With the −log D trick, twenty discriminator steps are worse than one.",
            "says_zh": "用 −log D 时，每步更新判别器二十次不如一次。",
        },
    },
}

SEEDS = 5
N_CRITIC = (1, 5, 20)
METHODS: dict[str, tuple[str, dict[str, Any], str]] = {  # key of its claim: recipe, settings of its own, name in the figure
    "minimax": ("gan", {"objective": "minimax"}, "log(1 − D), saturating"),
    "log_d": ("gan", {}, "−log D"),
    "clip": ("wgan", {"clip": 0.1}, "clip, c = 0.1"),
    "penalty": ("wgan-gp", {"penalty": 0.1}, "penalty, lambda = 0.1"),
}
VALUES = ("w1", "modes_found", "good_share")


def measure(store):
    steps, marks = (10, 2) if store.quick else (2000, 12)
    common = {"data": "25gaussians", "units": 64, "batch_size": 128, "learning_rate": 5e-4}
    common |= training_runs.schedule(steps, marks)
    cells = {
        f"{method} {n_critic}": (model, {**common, **own, "n_critic": n_critic})
        for method, (model, own, _) in METHODS.items()
        for n_critic in N_CRITIC
    }
    trained = training_runs.runs(store, cells, SEEDS, samples=2000, names=["gaussians", "w1"])
    numbers: dict[str, Any] = {"n_critic": list(N_CRITIC), "steps": steps, "claims": {}, "over_five": {}}
    numbers["cells"] = {label: run_groups.summary(group, VALUES) for label, group in trained.items()}
    numbers["diverged"] = [
        {"cell": label, "seed": run["seed"], **again}
        for label, group in trained.items()
        for run in run_groups.alive(group)
        if (again := risen(run))
    ]
    numbers["floor"] = run_groups.real_baseline(trained)
    for method in METHODS:
        many, one = (trained.get(f"{method} {n_critic}", []) for n_critic in (max(N_CRITIC), min(N_CRITIC)))
        numbers["claims"][method] = run_groups.compared(many, one, "w1")
        numbers["over_five"][method] = run_groups.compared(many, trained.get(f"{method} 5", []), "w1")
    return numbers


def risen(run):
    """{'least': W1 on the way, 'last': at the end} of a training whose W1 has more than doubled again, else {}."""
    least = min((value for value in run["on_the_way"]["w1"] if value is not None), default=None)
    last = run["scores"].get("w1")
    return {} if least is None or last is None or last <= 2 * least else {"least": least, "last": last}


def draw(numbers, store):
    figure, axes = figures.new(1, len(METHODS), height=3, sharey=True)
    for axis, (method, (*_, name)) in zip(axes, METHODS.items()):
        cells = {n: numbers["cells"].get(f"{method} {n}") for n in numbers["n_critic"]}
        for n, cell in cells.items():
            values = [value for value in cell["w1"]["each"] if value is not None] if cell else []
            axis.plot([n] * len(values), values, "o", color="tab:blue", markersize=3, alpha=0.6)
        if floor := numbers["floor"].get("w1"):
            axis.axhline(floor, color="0.5", linestyle=":")
        axis.set(xscale="log", yscale="log", xlabel="critic steps a generator step")
        axis.set_title(name, fontsize=10)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("exact W1 at the end")
    seeds = figures.seeds_of(numbers["cells"].values())
    figures.foot(figure, f"25 Gaussians, {numbers['steps']:,} generator steps, {seeds}, a dot a training; dotted: real points")
    return figure
