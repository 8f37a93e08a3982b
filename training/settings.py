"""The settings of a recipe in words, in English and Chinese, and what other programs call them.

Defaults and ranges are those of training/recipe.py. `python -m reporting.settings` puts both into docs/settings.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from models import networks
from training.optimizers import OPTIMIZERS


class Setting(NamedTuple):
    """What a setting does and when to change it, in Markdown. also: its names in other programs, with spaces between them."""

    en: str
    zh: str
    also: str = ""


# as the rows of NETWORKS say it: {width: networks that read it}, and {sizes: networks that make pictures of these sizes only}
READ_BY = {width: [f"`{name}`" for name, row in networks.NETWORKS.items() if width in row.widths] for width in networks.WIDTHS}
MADE_BY: dict[tuple[int, ...], list[str]] = {}
for _name, _row in networks.NETWORKS.items():
    if _row.sizes:
        MADE_BY.setdefault(_row.sizes, []).append(f"`{_name}`")

# {(heading in English, in Chinese): {name: Setting}}, what is changed first at the top
GROUPS: dict[tuple[str, str], dict[str, Setting]] = {
    ("How long", "训练多久"): {
        "steps": Setting(
            "generator steps. The first thing to try is more of them; with `decay` they have to be given from the start. `gan` "
            "is the exception: trained for longer it loses classes",
            "生成器更新步数。最先尝试加大的一项；有 `decay` 时须一开始就给足。`gan` 是例外：训练更久反而会丢失类别",
            "epochs epoch num_epochs n_epochs iterations iters n_iters niter num_steps max_steps n_steps step",
        ),
        "minutes": Setting(
            "budget of time; what is used up first, this or `steps` below a million, ends the run. `--minutes` sets it, and "
            "`steps` out of reach",
            "时间预算；它与 `steps`（小于一百万时）哪个先用完，训练就结束。`--minutes` 设定它，并使 `steps` 不再起限制作用",
            "time hours seconds max_minutes time_limit",
        ),
        "clock": Setting(
            "what `minutes` counts: `cpu` the process's CPU time, all threads together, whatever runs beside it; `wall` the "
            "clock on the wall. `--minutes` takes `cpu`, on a GPU `wall`",
            "`minutes` 的计时方式：`cpu` 为本进程的 CPU 时间（各线程合计），不受同时运行的其他程序影响；`wall` 为实际时间。"
            "`--minutes` 用 `cpu`，在 GPU 上用 `wall`",
        ),
    },
    ("Learning rates and optimiser", "学习率与优化器"): {
        "generator_learning_rate": Setting(
            "learning rate of the generator; `learning_rate` sets both. Smaller if samples collapse into a few or losses jump; "
            "larger if samples hardly change",
            "生成器的学习率；`learning_rate` 同时设两者。样本坍塌成少数几种或损失剧烈跳动时调小；样本几乎不变时调大",
            "lr rate step_size alpha g_lr lr_g glr gen_lr generator_lr lrg",
        ),
        "critic_learning_rate": Setting(
            "learning rate of the critic. Smaller if `estimate_heldout` falls far below `estimate` (the critic learns its images "
            "by heart); larger if the critic lags behind the generator. Under clipping much smaller than `clip`, or weights "
            "jump from one bound to the other",
            "判别器的学习率。`estimate_heldout` 远低于 `estimate`（判别器背下了训练图像）时调小；判别器跟不上生成器时调大。权重"
            "裁剪时应远小于 `clip`，否则权重会在两个边界之间来回跳",
            "lr rate step_size alpha d_lr lr_d dlr disc_lr critic_lr discriminator_lr lrd",
        ),
        "decay": Setting(
            "learning rates fall linearly to 0 over the budget: quieter samples at the end, but a run cannot well be lengthened "
            "afterwards",
            "学习率在预算内线性降到 0：结束时样本更稳定，但事后不宜再加长训练",
            "lr_decay scheduler schedule lr_scheduler linear_decay anneal",
        ),
        "optimizer": Setting(
            "of both networks. Under clipping `rmsprop`: WGAN advises against momentum ([momentum]({results}#momentum)); else "
            "`adam`",
            "两个网络共用的优化器。权重裁剪时用 `rmsprop`：WGAN 建议不用动量（[momentum]({results}#momentum)）；否则用 `adam`",
            "opt optim optimiser solver",
        ),
        "beta1": Setting(
            "Adam's momentum; read by `adam` alone. For GANs papers and search take 0 to 0.5, not the 0.9 that is usual "
            "elsewhere",
            "Adam 的动量系数；只对 `adam` 有效。训练 GAN 时，论文和搜索都取 0 至 0.5，而不是别处常用的 0.9",
            "beta betas b1 momentum beta_1 adam_beta1",
        ),
        "beta2": Setting(
            "Adam's second moment; read by `adam` alone. WGAN-GP takes 0.9",
            "Adam 二阶矩估计的衰减系数；只对 `adam` 有效。WGAN-GP 取 0.9",
            "beta betas b2 beta_2 adam_beta2",
        ),
        "ema": Setting(
            "samples come from an average of the generator's weights, of which each step keeps this share; 0 for none. "
            "Training does not see it, so it is safe to try: nearer to 1 for longer runs",
            "采样时用生成器权重的滑动平均，此值为每步保留的比例；"
            "0 表示不平均。训练本身不受影响，可以放心尝试：训练越久，取值应越接"
            "近 1",
            "average averaging ema_decay moving_average polyak swa",
        ),
    },
    ("The method", "方法"): {
        "objective": Setting(
            "the losses; changing it makes another model of the recipe",
            "损失函数；改变它就成了另一种模型",
            "loss criterion loss_fn gan_mode gan_type objectives",
        ),
        "conditional": Setting(
            "the class is an input of generator and critic, so that `sample.py RUN --classes 3,7` draws chosen ones; for "
            "pictures with labels ([guide]({guide}#choose-the-class))",
            "类别作为生成器和判别器的输入，于是可用 `sample.py RUN --classes 3,7` 生成指定的类别；用于有标签的图像"
            "（[指南]({guide}#指定类别)）",
            "cgan conditioned class_conditional n_classes num_classes classes labels cond",
        ),
        "n_critic": Setting(
            "critic steps for each generator step; both papers take 5. With more of them the estimate follows the distance more "
            "closely, with fewer there are more generator steps in the same time",
            "生成器每步对应的判别器更新次数；两篇论文都取 5。次数越多，估计值越能反映距离；次数越少，同样时间内的生成器步数越多",
            "n_critics ncritic critic_iters diters d_iters n_dis d_steps critic_steps",
        ),
        "clip": Setting(
            "WGAN's c: after each step every weight of the critic is cut to ±c; `null` for none. Too large: weights take long "
            "to reach it, and the critic lags behind. Too small: gradients vanish in deep critics (WGAN, section 3)",
            "WGAN 的 c：判别器每次更新之后，把它的每个权重裁剪到 ±c；"
            "`null` 表示不裁剪。太大：权重很久才达到边界，判别器跟不上。太小："
            "深层判别器梯度消失（WGAN 第 3 节）",
            "c clip_value clip_lim weight_clip weight_clipping clipping clamp",
        ),
        "penalty": Setting(
            "WGAN-GP's lambda, the weight of the gradient penalty; `null` for none. Wants `critic_norm` `none` or `layer`. "
            "Larger if `gradient_norm` stays far above 1",
            "WGAN-GP 的 lambda，即梯度惩罚的系数；`null` 表示不用。要求 `critic_norm` 为 `none` 或 `layer`。`gradient_norm` 一"
            "直远大于 1 时调大",
            "lambda lambda_gp gp_weight gp_lambda gradient_penalty lambda_term penalty_weight",
        ),
        "warm_up": Setting(
            "the WGAN authors' 100 critic steps for each of the first 25 and every 500th generator step: slow at first",
            "预热：按 WGAN 作者的代码，生成器的前 25 步和此后每 500 步中的一步，判别器各更新 100 次；开始阶段较慢",
            "warmup",
        ),
    },
    ("Networks", "网络"): {
        "generator_network": Setting(
            "network of the generator; `network` sets both. Points want `mlp`, `mlp-bn` or `gp-toy`",
            "生成器的网络；`network` 同时设两者。平面点集用 `mlp`、`mlp-bn` 或 `gp-toy`",
            "net arch architecture backbone model_type net_g",
        ),
        "critic_network": Setting(
            "network of the critic",
            "判别器的网络",
            "net arch architecture backbone discriminator model_type net_d",
        ),
        "filters": Setting(
            f"width of {', '.join(READ_BY['filters'])}; 64 is the papers'. "
            "The searched recipes have few, for short budgets: with 24 and "
            "32 `wgan` was behind after 150 CPU seconds. Take more for longer trainings and for colour; time grows with it "
            "([performance]({performance}))",
            f"{'、'.join(READ_BY['filters'])} 的宽度；论文为 64。"
            "搜索得到的配置预算短，因此宽度小：取 24 和 32 时，`wgan` 在 150 CPU 秒后仍"
            "落后。训练更久或用彩色图像时取大一些；耗时随之增长（[性能]({performance})）",
            "width channels ngf ndf nf dim base_channels features conv_dim",
        ),
        "units": Setting(
            f"width of a layer of {', '.join(READ_BY['units'])}",
            f"{'、'.join(READ_BY['units'])} 每层的宽度",
            "hidden hidden_size hidden_dim n_hidden width",
        ),
        "latent": Setting(
            "dimensions of the noise z; for points the recipes take 2",
            "噪声 z 的维数；对平面点集，各配置取 2",
            "z nz z_dim zdim latent_dim latent_size noise noise_dim z_size",
        ),
        "generator_norm": Setting(
            "normalisation in the generator",
            "生成器的归一化层",
            "norm norms normalization batch_norm bn use_bn norm_g",
        ),
        "critic_norm": Setting(
            "normalisation in the critic; with `penalty` not `batch`, which mixes the samples of a batch",
            "判别器的归一化层；有 `penalty` 时不能用 `batch`，因为它把同一批次的样本混在一起",
            "norm norms normalization batch_norm bn use_bn norm_d layer_norm",
        ),
    },
    ("Data", "数据"): {
        "data": Setting(
            "data set ([data]({data})); `--data`",
            "数据集（[数据]({data})）；即 `--data`",
            "dataset datasets data_set",
        ),
        "image_size": Setting(
            "pixels a side that the networks see. "
            + "; ".join(f"{', '.join(names)}: {', '.join(map(str, sizes))}" for sizes, names in MADE_BY.items())
            + "; other networks: any. Digits are padded to 32, or left at 28",
            "网络所见图像的边长（像素）。"
            + "；".join(f"{'、'.join(names)}：{'、'.join(map(str, sizes))}" for sizes, names in MADE_BY.items())
            + "；其余网络：任意。手写数字补边到 32，或保持 28",
            "size img_size imagesize image_sz resolution img_dim",
        ),
        "fit": Setting(
            "how pictures of `folder:PATH` that are not square become so ([data]({data}))",
            "`folder:PATH` 中不是正方形的图片如何变为正方形（[数据]({data})）",
            "resize crop pad",
        ),
        "batch_size": Setting(
            "samples of a critic step. Larger: steadier steps, and fewer of them in the same time",
            "判别器每步的样本数。越大每步越稳定，但同样时间内步数越少",
            "batch bs batchsize batch_sz",
        ),
        "generator_batch_size": Setting(
            "samples of a generator step; `null` for as many as the critic's",
            "生成器每步的样本数；`null` 表示与判别器相同",
            "batch bs batchsize g_batch_size",
        ),
        "seed": Setting(
            "of weights, noise and order of the data: the same seed, machine and threads give the same run to the bit. Compare "
            "models over several",
            "权重、噪声和数据顺序的随机种子：种子、机器和线程数相同，结果逐位相同。比较模型时请用多个种子",
            "random_seed random_state manual_seed seeds",
        ),
    },
    ("What is kept", "记录与保存"): {
        "log_every": Setting(
            "steps from one line of log.jsonl to the next",
            "每隔多少步在 log.jsonl 中记一行",
            "log_interval print_every",
        ),
        "sample_every": Setting(
            "steps from one grid of samples to the next; also at every twentieth of the budget",
            "每隔多少步保存一张样本网格图；每用完预算的二十分之一也存一张",
            "sample_interval save_samples grid_every",
        ),
        "checkpoint_every": Setting(
            "steps from one checkpoint to the next; with `minutes` also at every fifth of them",
            "每隔多少步保存一个检查点；有 `minutes` 时，每过其五分之一也存一个",
            "save_every save_interval save_freq checkpoint_interval",
        ),
        "keep_checkpoints": Setting(
            "how many of the newest checkpoints stay; more to choose the best of them by `eval.py RUN --every`",
            "保留最近多少个检查点；多留一些，便可用 `eval.py RUN --every` 从中挑选最好的",
            "save_total_limit max_to_keep keep",
        ),
        "on_nan": Setting(
            "when a number is not finite: `stop`, or `rollback` to the last checkpoint and on with other noise",
            "出现 NaN 或无穷大时：`stop` 停止，`rollback` 回到上一个检查点并换一组噪声继续",
            "nan",
        ),
    },
    ("Machine", "机器"): {
        "amp": Setting(
            "products in bfloat16, on a GPU that has it (A100 or newer)",
            "在支持 bfloat16 的 GPU（A100 及更新）上用它做矩阵乘法和卷积",
            "fp16 bf16 half precision mixed_precision bfloat16",
        ),
        "sync_batch_norm": Setting(
            "several processes: batch norm over the whole batch, or over each process's own part",
            "多进程时：批归一化覆盖整个批次，或各进程只用自己的部分",
            "sync_bn syncbn",
        ),
        "model": Setting(
            "the recipe's name, `--model`",
            "配置的名称，即 `--model`",
            "recipe",
        ),
    },
}
SETTINGS = {name: setting for group in GROUPS.values() for name, setting in group.items()}
# words that set both players' own settings come before these, and what is an option of the commands is no setting
WORDS = {
    "learning_rate": "lr rate step_size alpha",
    "network": "net arch architecture backbone model_type",
}
OPTIONS = ("device", "data_dir", "out", "processes")


def meant_by(word: str) -> list[str]:
    """The settings, and options of train.py, that a user of other programs may mean by `word`; [] for none that is known."""
    said = word.lower().replace("-", "_")
    if said in SETTINGS or said in WORDS:  # but for its spelling
        return [said]
    if said in OPTIONS:
        return [f"--{said.replace('_', '-')}"]
    names = WORDS | {name: setting.also for name, setting in SETTINGS.items()}
    return [name for name, also in names.items() if said in also.split()]


# what only some optimisers read, and networks' widths
CONDITIONAL = {*networks.WIDTHS, *(setting for row in OPTIMIZERS.values() for setting in row.reads)}


def reads(recipe: Any, name: str) -> bool:
    """Whether a setting does anything with the optimiser and the networks of a recipe."""
    if name in networks.WIDTHS:
        return any(name in network.widths for network in networks.rows(recipe))
    return name not in CONDITIONAL or name in OPTIMIZERS[recipe.optimizer].reads
