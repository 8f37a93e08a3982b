"""What the page says, in English and in Chinese."""

from __future__ import annotations

from typing import Any

from reporting.words import LANGUAGES

NAMES = {"en": "English", "zh": "中文"}
WORDS = {
    # the head
    "title": ("paddle-wgan", "paddle-wgan"),
    "tagline": (
        "GAN and Wasserstein GAN in PaddlePaddle: draw from them, watch them learn, set them side by side.",
        "用 PaddlePaddle 实现的 GAN 与 Wasserstein GAN：生成样本、观看训练、并排对比。",
    ),
    "draw": ("Draw", "生成样本"),
    "watch": ("Watch it learn", "观看训练"),
    "compare": ("Compare", "对比"),
    # draw
    "draw_lead": (
        "The same noise z goes into each generator; what differs is how they were trained. Choose runs below, or type a path.",
        "各列的生成器使用相同的噪声 z，差别只在于训练方式。可在下方选择一次训练，或输入其路径。",
    ),
    "model_1": ("First model", "模型一"),
    "model_2": ("Second model", "模型二"),
    "model_3": ("Third model", "模型三"),
    "none": ("– none –", "（无）"),
    "seed": ("Seed of z", "z 的种子"),
    "count": ("Samples", "样本数"),
    "draw_button": ("Draw others", "换一批"),
    "no_seed": ("A seed is a whole number from 0 to {largest:,}.", "种子须为 0 到 {largest:,} 的整数。"),
    "walk": ("Walk", "插值"),
    "towards": ("Seed to walk to", "终点的种子"),
    "classes": ("Class", "类别"),
    "any_class": ("all", "全部"),
    "refresh": ("Look for new runs", "刷新列表"),
    "no_models": (
        "There is nothing to draw from yet: <code>{runs}</code> holds no run with a checkpoint. "
        "Train one (<code>python train.py --model wgan</code>, some minutes), type the path of one above, "
        "or watch one learn under “Watch it learn”.",
        "还没有可用的模型：<code>{runs}</code> 中没有带检查点的训练。可以先训练一个（<code>python train.py --model wgan</code>，"
        "几分钟），在上方输入训练的路径，或到“观看训练”中观看。",
    ),
    "empty_column": (
        "A second or third model here is drawn from the same z.",
        "在此选择另一个模型，将用相同的 z 生成样本。",
    ),
    "cannot_draw": ("Nothing can be drawn from {source}: {why}", "无法用 {source} 生成样本：{why}"),
    "other_latent": (
        "Its z has {latent} dimensions, that of the first model {first}: the seed is the same, z cannot be.",
        "它的 z 是 {latent} 维，而模型一的是 {first} 维：种子相同，z 无法相同。",
    ),
    "no_class": (
        "It was not trained to draw class {chosen} alone (conditional=true): all of its classes are here.",
        "它不能单独生成类别 {chosen}（训练时未设 conditional=true）：此处为全部类别。",
    ),
    "conditional": ("class-conditional", "按类别生成"),
    "save": ("Save PNG", "保存 PNG"),
    "took": ("{seconds:.2f} s", "{seconds:.2f} 秒"),
    "not_scored": ("Not scored yet: <code>python eval.py {source}</code>", "尚未评分：<code>python eval.py {source}</code>"),
    "of_samples": ("samples", "样本"),
    "of_real": ("real data", "真实数据"),
    "more_values": ("{count} more", "其余 {count} 项"),
    "all_settings": ("All settings", "全部设置"),
    "steps": ("{steps:,} generator steps, {critic:,} critic steps", "生成器 {steps:,} 步，判别器 {critic:,} 步"),
    "minutes_wall": ("{minutes:.1f} minutes of training", "训练 {minutes:.1f} 分钟"),
    "minutes_cpu": ("{minutes:.1f} CPU minutes of training", "训练 {minutes:.1f} CPU 分钟"),
    "on": ("{model} on {data}", "{model}，{data}"),
    "constraint_clip": ("weights clipped to ±{value:g}", "权重裁剪到 ±{value:g}"),
    "constraint_penalty": ("gradient penalty λ = {value:g}", "梯度惩罚 λ = {value:g}"),
    "constraint_none": ("no constraint", "无约束"),
    # watch
    "watch_lead": (
        "A GAN, a WGAN and a WGAN-GP learn the same points from the same start, here and now, by this project's own steps. "
        "Change what you like while they learn: it holds from the next step on. "
        "The WGANs' hyperparameters were searched on the eight Gaussians, the GAN's were not: "
        "one training of each shows how they learn, not who is better.",
        "GAN、WGAN 与 WGAN-GP 从相同的起点出发，学习同一组点；训练现场进行，所用的正是本项目的训练步骤。"
        "训练中可随时修改设置，下一步即生效。"
        "WGAN 与 WGAN-GP 的超参数在八个高斯上搜索过，GAN 的没有；这里各训练一次，看的是学习过程，不能据此判断孰优孰劣。",
    ),
    "gan": ("GAN", "GAN"),
    "wgan": ("WGAN", "WGAN"),
    "wgan-gp": ("WGAN-GP", "WGAN-GP"),
    "run": ("Start", "开始"),
    "pause": ("Pause", "暂停"),
    "one_step": ("One step", "单步"),
    "reset": ("Reset", "重置"),
    "points": ("Points", "数据点"),
    "8gaussians": ("8 Gaussians", "8 个高斯"),
    "25gaussians": ("25 Gaussians", "25 个高斯"),
    "swissroll": ("Swiss roll", "瑞士卷"),
    "2lines": ("Two lines", "两条线段"),
    "own_seed": ("Seed", "种子"),
    "latent": ("Noise z, dim.", "噪声 z 维数"),
    "batch_size": ("Batch size", "批大小"),
    "batch_norm": ("Batch norm in G", "生成器批归一化"),
    "slowly": ("Slow motion", "慢放"),
    "switches": ("Turn the GAN into a WGAN", "逐项把 GAN 改为 WGAN"),
    "switch_loss": ("no sigmoid, no log", "去掉 sigmoid 与 log"),
    "switch_clip": ("clip the critic's weights", "裁剪判别器权重"),
    "switch_momentum": ("no momentum: RMSProp", "不用动量：RMSProp"),
    "switch_n_critic": ("n_critic = 5", "n_critic = 5"),
    "short_loss": ("no log", "无 log"),
    "short_clip": ("clip", "裁剪"),
    "short_momentum": ("RMSProp", "RMSProp"),
    "short_n_critic": ("n_critic 5", "n_critic 5"),
    "all_four": ("GAN with all four = WGAN", "GAN + 四项 = WGAN"),
    "real_points": ("real points", "真实点"),
    "sample_points": ("samples", "生成的点"),
    "low": ("critic: fake", "判别器：假"),
    "high": ("real", "真"),
    "surface": ("critic's surface", "判别器曲面"),
    "arrows": ("its gradient", "其梯度"),
    "name_w1": ("W₁, exact", "W₁（精确）"),
    "name_estimate": ("Critic's estimate", "判别器估计值"),
    "name_modes": ("Modes found", "找到的模式"),
    "name_clipped": ("Weights at ±c", "位于 ±c 的权重"),
    "name_chances": ("D(x) / D(G(z))", "D(x) / D(G(z))"),
    "name_slope": ("Steepest ‖∇f‖", "最大 ‖∇f‖"),
    "about_w1": (
        "Wasserstein-1 distance between 300 samples and 300 real points",
        "300 个生成点与 300 个真实点之间的 Wasserstein-1 距离",
    ),
    "about_estimate": (
        "mean of f on real points minus its mean on samples; divided by the steepest slope it can be compared with W₁",
        "f 在真实点上的均值减去在生成点上的均值；除以最大斜率后可与 W₁ 比较",
    ),
    "about_modes": ("modes that have samples near their centre", "中心附近有生成点的模式数"),
    "about_clipped": ("share of the critic's weights that clipping holds", "判别器权重中停在 ±c 的比例"),
    "about_chances": ("mean probability of “real”, on real points and on samples", "判为真实的平均概率：真实点 / 生成点"),
    "about_slope": ("largest norm of the critic's gradient in the plane", "平面内判别器梯度的最大范数"),
    "slider_generator_learning_rate": ("learning rate, generator", "生成器学习率"),
    "slider_critic_learning_rate": ("learning rate, critic", "判别器学习率"),
    "slider_n_critic": ("n_critic", "n_critic"),
    "slider_clip": ("clip value c", "裁剪值 c"),
    "slider_penalty": ("penalty λ", "梯度惩罚 λ"),
    # and what watch.js says
    "starting": ("Paddle starts …", "正在启动 Paddle……"),
    "full": (
        "{most} pages watch a training already, as many as this server allows. Close one, then press Start.",
        "已有 {most} 个页面在观看训练，达到服务器上限。请先关闭其中一个，再点“开始”。",
    ),
    "lost": (
        "The connection is gone, and with it this training. Start begins a new one.",
        "连接已断开，训练随之结束。点“开始”可重新开始。",
    ),
    "diverged": ("It cannot go on: {why}. Reset begins anew.", "无法继续：{why}。点“重置”重新开始。"),
    "at_step": ("step {step}", "第 {step} 步"),
    "rate": ("{rate} pictures/s", "每秒 {rate} 帧"),
    "real": ("real {value}", "真实 {value}"),
    "scaled": ("over the slope: {value}", "除以斜率后 {value}"),
    "good": ("{value} good", "{value} 合格"),
    "estimate": ("critic's estimate", "判别器估计值"),
    "steps_axis": ("generator steps", "生成器步数"),
    "non-saturating": ("log loss", "对数损失"),
    "wasserstein": ("Wasserstein loss", "Wasserstein 损失"),
    # compare
    "compare_lead": (
        "Models trained on equal terms, with the same data, seeds and noise, in one report.",
        "在同等条件下训练的模型：数据、种子与噪声都相同，结果汇成一份报告。",
    ),
    "models": ("Models", "模型"),
    "data": ("Data", "数据集"),
    "budget_cpu": ("CPU minutes each", "每次训练的 CPU 分钟数"),
    "budget_wall": ("Minutes each", "每次训练的分钟数"),
    "seeds": ("Seeds", "种子数"),
    "start": ("Start", "开始"),
    "stop": ("Stop", "停止"),
    "comparison": ("Comparison", "对比"),
    "comparison_hint": ("Choose one, or type the path of its folder", "选择一次对比，或输入其文件夹路径"),
    "refresh_comparisons": ("Look for new ones", "刷新列表"),
    "no_model_chosen": ("Choose one model at least.", "请至少选择一个模型。"),
    "cannot_compare": ("This comparison cannot be made: {why}", "无法进行此对比：{why}"),
    "one_at_a_time": (
        "Another comparison is under way, started here or on another page; one runs at a time.",
        "已有一次对比正在进行（由本页或其他页面启动）；同一时间只能进行一次。",
    ),
    "training": ("Training: {done} of {count} runs are done.", "训练中：已完成 {done} / {count}。"),
    "scoring": ("All {count} runs are trained; scoring them.", "{count} 次训练均已完成，正在评分。"),
    "stopping": ("Stopping: each training saves a checkpoint.", "正在停止：每次训练都会保存检查点。"),
    "stopped": (
        "Stopped, with checkpoints saved. The same choice, started again, goes on from there.",
        "已停止，检查点已保存。以同样的选择再次开始，将从此处继续。",
    ),
    "done": ("Done: {folder}", "完成：{folder}"),
    "seed_and_step": ("seed {seed}, step {step:,}", "种子 {seed}，第 {step:,} 步"),
    "no_report": ("There is no report to show: {why}", "没有可显示的报告：{why}"),
    "own_window": ("Open in a window of its own", "在新窗口中打开"),
}

# of these, what web/static/watch.js says itself
TOLD = ["run", "pause", "starting", "full", "lost", "diverged", "at_step", "rate", "real", "scaled", "good", "name_w1"]
TOLD += ["estimate", "steps_axis", "non-saturating", "wasserstein"]
TOLD += ["all_four", "short_loss", "short_clip", "short_momentum", "short_n_critic"]


def told(lang: str) -> dict[str, str]:
    """{key of TOLD: phrase}, for the script."""
    return {key: of(key, lang) for key in TOLD}


def of(key: str, lang: str, **values: Any) -> str:
    """A phrase of WORDS in a language, its {names} filled in."""
    text = WORDS[key][LANGUAGES.index(lang)]
    return text.format(**values) if values else text


def of_data(name: str, lang: str) -> str:
    """What a data set is called. One that WORDS does not know, a user's own, has its name."""
    return of(name, lang) if name in WORDS else name
