"""Surfaces, weights and gradients of clipped and of penalised critics (WGAN-GP, section 3 and figure 1)."""

from functools import partial
from typing import Any

import numpy as np
import paddle
from paddle import nn

from data import toys
from experiments import critics, figures
from experiments.numeric import mean_and_deviation, share, t_interval
from metrics.w1 import w1
from models.constraints import clip_, trainable
from models.networks.mlp import linear

ABOUT = {
    "title": "What does clipping do to a critic that a penalty does not?",
    "title_zh": "权重裁剪会给判别器带来哪些毛病，而梯度惩罚不会？",
    "claim": """"critics trained with weight clipping fail to capture higher moments of the data distribution"; "weight
        clipping pushes weights towards two values (the extremes of the clipping range)"; its gradients explode or vanish
        through the layers unless c is tuned, a penalty's do not (WGAN-GP, 1704.00028, section 3 and figure 1; PaperWeekly's post
        of 2018 says the same of the weights).""",
    "claim_zh": "权重裁剪的判别器学不到数据分布的高阶矩；权重被推到裁剪范围的两端；若不调好 c，梯度逐层爆炸或消失，惩罚则不会"
    "（WGAN-GP，1704.00028，第 3 节、图 1；关于权重，PaperWeekly 2018 年的博文说法相同）。",
    "run": """as in the paper the generator's distribution stands still, real points plus unit Gaussian noise. Surfaces: mlp
        critics of 128 units, clipped at 0.01 (RMSProp 5e-5, algorithm 1) and penalised with lambda 10 (Adam 1e-4, 0.5, 0.9),
        on the eight and 25 Gaussians and the Swiss roll, 4,000 steps. The clipped one's first weights are scaled to fill
        ±c evenly, a layer each: those of the usual start are larger, and one clipping alone would put them at ±c. A critic's
        estimate on new points, divided by the slope that 99 % of them stay below, as a share of the exact W1 of 2,000 pairs.
        Layers: critics of twelve hidden layers of 64 units on the Swiss roll, c = 0.001, 0.01, 0.1 against the penalty,
        before any step (but clipped) and after 1,500; gradients in float64; ten seeds, of which the first five were judged
        alone at first. Surfaces: twenty seeds more, 10 to 29, on which the comparison of estimates rests: it was laid down
        before they were trained, when ten had left the mean difference undecided.""",
    "run_zh": "与论文一样，生成器的分布固定不变：真实点加单位高斯噪声。曲面：128 个单元的 mlp 判别器，按 c = 0.01 裁剪（RMSProp "
    "5e-5，算法 1）或以 lambda = 10 惩罚（Adam 1e-4、0.5、0.9），8 个、25 个高斯和瑞士卷，4,000 步。"
    "裁剪的判别器的初始权重按层缩放到均匀填满 ±c：通常的初始值更大，只裁剪一次就会停在 ±c。所测的是新点上的估计值先除以"
    "斜率的 99 % 分位数，再除以 2,000 对点的精确 W1。"
    "逐层：瑞士卷上十二个隐藏层（64 个单元）的判别器，c = 0.001、0.01、0.1 "
    "与惩罚相比，训练之前（已裁剪）与 1,500 步之后；梯度用 float64 计算；十个种子，起初只用前五个判断。"
    "曲面另加二十个种子（10 至 29），估计值的比较只依据这二十个：前十个种子的平均差未能判定，比较方法是在训练它们之前定下的。",
    "core_seconds": 6400,
    "constants": "–",
    "claims": {
        "weights_at_c": {
            "says": "Clipping pushes weights to ±c.",
            "says_zh": "权重裁剪把权重推到 ±c。",
            "quantity": "share of the clipped critic's weights at ±c after training minus before, least of the three sets",
            "quantity_zh": "权重裁剪的判别器停在 ±c 的权重比例，训练之后减去训练之前，三种数据中的最小值",
            "relation": "above",
            "threshold": 0,
            "looked_at": (5, 10),
            "caveat": "The first weights fill ±c evenly, so that any training raises the share: whether most end there is a "
            "claim of its own.",
            "caveat_zh": "初始权重均匀填满 ±c，任何训练都会使这一比例上升；是否大多如此，另有一条结论。",
        },
        "most_at_c": {
            "says": "Most of a clipped critic's weights are at ±c after training.",
            "says_zh": "训练之后，权重裁剪的判别器的权重大多在 ±c。",
            "quantity": "share of the clipped critic's weights at ±c after training, least of the three sets",
            "quantity_zh": "训练之后停在 ±c 的权重比例，三种数据中的最小值",
            "relation": "above",
            "threshold": 0.5,
            "looked_at": (5, 10),
            "caveat": "'Most' is ours, and so are 4,000 steps: the paper's critics were trained to optimality.",
            "caveat_zh": "“大多”和 4,000 步都是本项目所定；论文的判别器训练到了最优。",
        },
        "layers_0.01": {
            "says": "Through twelve layers the gradient of a critic clipped at 0.01 vanishes or explodes.",
            "says_zh": "经过十二层，c = 0.01 的判别器的梯度消失或爆炸。",
            "quantity": "powers of ten by which the gradient's norm changes from the last hidden layer to the first",
            "quantity_zh": "从最后一个隐藏层到第一层，梯度范数变化的数量级",
            "relation": "above",
            "threshold": 3,
            "looked_at": (5,),
            "caveat": "Clipping alone does it: before any step it is the same, and nothing is learnt.",
            "caveat_zh": "裁剪本身就会如此：训练之前已是这样，而且什么都没有学到。",
        },
        "layers_0.1": {
            "says": "Through twelve layers the gradient of a critic clipped at 0.1 vanishes or explodes.",
            "says_zh": "经过十二层，c = 0.1 的判别器的梯度消失或爆炸。",
            "quantity": "powers of ten by which the gradient's norm changes from the last hidden layer to the first",
            "quantity_zh": "从最后一个隐藏层到第一层，梯度范数变化的数量级",
            "relation": "above",
            "threshold": 3,
            "looked_at": (5,),
            "after": True,
        },
        "layers_penalty": {
            "says": "Through twelve layers a penalised critic's gradient neither vanishes nor explodes.",
            "says_zh": "经过十二层，带梯度惩罚的判别器的梯度既不消失也不爆炸。",
            "quantity": "powers of ten by which the gradient's norm changes from the last hidden layer to the first",
            "quantity_zh": "从最后一个隐藏层到第一层，梯度范数变化的数量级",
            "relation": "below",
            "threshold": 2,
            "looked_at": (5,),
        },
        "sees_less": {
            "says": "Mostly a clipped critic sees less of the distance than a penalised one after as many steps.",
            "says_zh": "同样步数之后，权重裁剪的判别器测出的距离大多小于带梯度惩罚的判别器。",
            "quantity": "share of seeds 10 to 29 with which it sees the smaller share of the exact W1 on all three sets",
            "quantity_zh": "种子 10 至 29 中，它在三种数据上测出的 W1 比例都较小的种子所占比例",
            "relation": "above",
            "threshold": 0.5,
            "terms": "critic steps",
            "caveat": "Neither critic is at its optimum: optimal_critics looks at what each captures there; how the mean of the "
            "least difference was judged at first is said below.",
            "caveat_zh": "两种判别器都没有到最优；各自在最优处学到什么，见 optimal_critics；起初判断的是最小差的均值，见下。",
        },
    },
}

SETS = ("8gaussians", "25gaussians", "swissroll")
CONSTRAINTS: dict[str, dict[str, float]] = {"clipped": {"clip": 0.01}, "penalised": {"penalty": 10}}
DEEP: dict[str, dict[str, float]] = {
    "c = 0.001": {"clip": 0.001},
    "c = 0.01": {"clip": 0.01},
    "c = 0.1": {"clip": 0.1},
    "penalty": {"penalty": 10},
}
LAYERS, GRID, EDGE = 12, 41, 2.5
DEEP_SEEDS, SEEDS = 10, 30  # of critics of LAYERS; of the others
FRESH = range(10, 30)  # not looked at when what is compared on them was laid down


class Deep(nn.Layer):
    """N×2 → N through LAYERS hidden layers of 64 units, ReLU. `outputs`: of each hidden layer, of the last call."""

    def __init__(self):
        super().__init__()
        self.layers = nn.LayerList([linear(2 if k == 0 else 64, 64) for k in range(LAYERS)])
        self.head = linear(64, 1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        self.outputs = []
        for layer in self.layers:
            x = nn.functional.relu(layer(x))
            self.outputs.append(x)
        return self.head(x).reshape([-1])


def noisy(name):
    return lambda rng, n=critics.BATCH: toys.draw(name, n, rng) + rng.standard_normal((n, 2), dtype=np.float32)


def fit(critic, name, constraint, steps, seed):
    rate = 5e-5 if "clip" in constraint else 1e-4
    critics.fit(critic, critics.points(name), noisy(name), steps, learning_rate=rate, seed=seed, **constraint)


def measure(store):
    steps, deep_steps, pairs = (50, 30, 300) if store.quick else (4000, 1500, 2000)

    def units_of(seed):
        settings = {"steps": steps, "pairs": pairs, "start": "within ±c"}
        surfaces = {
            f"{name}, {kind}": (settings, partial(surface, name, kind, steps, pairs, seed))
            for name in SETS
            for kind in CONSTRAINTS
        }
        return surfaces | {
            f"layers, {label}": ({"steps": deep_steps, "looks": "before and after"}, partial(layers, label, deep_steps, seed))
            for label in DEEP
            if seed < DEEP_SEEDS
        }

    found = store.each_seed(SEEDS, units_of)
    shallow = {name: {kind: [units[f"{name}, {kind}"] for units in found.values()] for kind in CONSTRAINTS} for name in SETS}
    of_layers = {seed: units for seed, units in found.items() if seed < DEEP_SEEDS}
    deep = {label: [units[f"layers, {label}"] for units in of_layers.values()] for label in DEEP}
    numbers: dict[str, Any] = {"seeds": len(found), "deep_seeds": len(of_layers), "steps": steps, "deep_steps": deep_steps}
    for key in ("share", "at_extremes", "at_extremes_before"):
        numbers[key] = {
            name: {kind: mean_and_deviation([run[key] for run in group]) for kind, group in kinds.items()}
            for name, kinds in shallow.items()
        }
    numbers["surfaces"] = {name: {kind: group[0]["surface"] for kind, group in kinds.items()} for name, kinds in shallow.items()}
    numbers["weights"] = {kind: group[0]["weights"] for kind, group in shallow["swissroll"].items()}
    for part in ("surface", "weights"):
        store.forget(part, {f"{key}, seed 0" for key in units_of(0)})
    numbers["norms"] = {label: [run["norms"] for run in group] for label, group in deep.items()}
    for key, norms in (("orders", "norms"), ("orders_before", "norms_before")):
        numbers[key] = {label: mean_and_deviation([orders(run[norms]) for run in group]) for label, group in deep.items()}
    changes = {label: [abs(orders(run["norms"])) for run in group] for label, group in deep.items()}
    clipped, penalised = ([shallow[name][kind] for name in SETS] for kind in CONSTRAINTS)
    at_c = [min(run["at_extremes"] for run in runs) for runs in zip(*clipped)]
    differences = [min(b["share"] - a["share"] for a, b in zip(*pair)) for pair in zip(zip(*clipped), zip(*penalised))]
    more = dict(zip(found, differences))
    numbers["differences"] = {"all": t_interval(more), "first": t_interval({s: more[s] for s in more if s not in FRESH})}
    pushed = [min(run["at_extremes"] - run["at_extremes_before"] for run in runs) for runs in zip(*clipped)]
    claims = {"weights_at_c": t_interval(dict(zip(found, pushed))), "most_at_c": t_interval(dict(zip(found, at_c)))}
    claims["sees_less"] = share({seed: more[seed] > 0 for seed in more if seed in FRESH})
    for key, label in {"penalty": "penalty", "0.01": "c = 0.01", "0.1": "c = 0.1"}.items():
        claims[f"layers_{key}"] = t_interval(dict(zip(of_layers, changes[label])))
    numbers["claims"] = claims
    return numbers


def orders(norms):
    """log10 of the first layer's gradient norm over the last one's: below 0 it vanishes on its way down."""
    return float(np.log10(max(norms[0], 1e-300)) - np.log10(max(norms[-1], 1e-300)))


def surface(name, kind, steps, pairs, seed):
    critic, constraint = critics.build(units=128, seed=seed), CONSTRAINTS[kind]
    if "clip" in constraint:
        for weight in trainable(critic):
            weight.set_value(weight * (constraint["clip"] / weight.abs().max()))
    before = weights_of(critic)
    fit(critic, name, constraint, steps, seed)
    rng = np.random.default_rng(900 + seed)
    x, y = critics.points(name)(rng, pairs), noisy(name)(rng, pairs)
    between = x + rng.random((pairs, 1), dtype=np.float32) * (y - x)
    k = np.quantile(np.linalg.norm(critics.slopes(critic, np.concatenate([x, y, between])), axis=1), 0.99)
    weights = weights_of(critic)
    limit = constraint.get("clip", np.abs(weights).max())
    return {
        "share": critics.estimate(critic, x, y) / max(k, 1e-12) / w1(x.astype(float), y.astype(float))["w1"],
        "at_extremes_before": float((np.abs(before) > 0.99 * limit).mean()),
        "at_extremes": float((np.abs(weights) > 0.99 * limit).mean()),
        "surface": critics.surface(critic, EDGE, GRID).round(3),
        "weights": {"count": np.histogram(weights, 41, (-limit, limit))[0], "limit": limit},
    }


def weights_of(critic):
    return np.concatenate([p.numpy().ravel() for p in trainable(critic)])


def layers(label, steps, seed):
    """Norm of the critic loss's gradient with respect to each hidden layer's outputs, before and after training."""
    paddle.seed(seed)
    critic, constraint = Deep(), DEEP[label]
    if "clip" in constraint:
        clip_(critic, constraint["clip"])
    before = norms_of(critic, seed)
    fit(critic, "swissroll", constraint, steps, seed)
    return {"norms_before": before, "norms": norms_of(critic, seed)}


def norms_of(critic, seed):
    """In float64: float32 has no numbers below 1e-45."""
    exact = Deep().to(dtype="float64")
    exact.set_state_dict({name: value.astype("float64") for name, value in critic.state_dict().items()})
    rng = np.random.default_rng(900 + seed)
    x, y = (paddle.to_tensor(draw(rng, 1000), "float64") for draw in (critics.points("swissroll"), noisy("swissroll")))
    sign = paddle.concat([paddle.full([1000], -1e-3, "float64"), paddle.full([1000], 1e-3, "float64")])
    loss = (exact(paddle.concat([x, y])) * sign).sum()
    return [float(g.norm()) for g in paddle.grad(loss, exact.outputs)]


def draw(numbers, store):
    figure, axes = figures.new(2, 4, height=3.1)
    rng = np.random.default_rng(0)
    for column, name in enumerate(SETS):
        points = toys.draw(name, 500, rng)
        for row, kind in enumerate(CONSTRAINTS):
            axis = axes[row][column]
            critics.draw_surface(axis, numbers["surfaces"][name][kind], EDGE, levels=14, cmap="viridis")
            axis.scatter(*points.T, s=1, color="white", linewidths=0)
            axis.set_title(f"{name}, {kind}\nshare of W1 seen {numbers['share'][name][kind]['mean']:.2f}", fontsize=9)
    axis = axes[0][3]
    for label, runs in numbers["norms"].items():
        axis.plot(range(1, LAYERS + 1), np.median(runs, 0), marker="o", markersize=3, label=label)
    axis.set(xlabel="hidden layer", ylabel="norm of the loss's gradient", yscale="log")
    axis.set_title("through twelve layers, Swiss roll", fontsize=9)
    axis = axes[1][3]
    for kind in CONSTRAINTS:
        count, limit = np.array(numbers["weights"][kind]["count"]), numbers["weights"][kind]["limit"]
        style = {"color": critics.KINDS[f"{kind} critic"].colour, "label": f"{kind}, limit {limit:.2g}"}
        axis.step(np.linspace(-1, 1, len(count)), count / count.sum(), where="mid", **style)
    axis.set(xlabel="weight / limit", ylabel="share of weights", yscale="log")
    axis.set_title("weights, Swiss roll", fontsize=9)
    figures.finish(axes[:, 3], legend=7)
    deep = f"twelve layers: {numbers['deep_steps']:,}, {numbers['deep_seeds']} seeds"
    budget = f"{numbers['steps']:,} steps, {numbers['seeds']} seeds ({deep})"
    figures.foot(figure, f"real points against real plus N(0, 1); {budget}; pictures: seed 0")
    return figure
