"""What the results page leads with: what the papers and the posts say, in their order, and the claims that answer it."""

# (in English, in Chinese, the claims that decide it as NAME.KEY)
LEAD: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "The Wasserstein distance gives a gradient where the JS divergence gives none",
        "Wasserstein 距离在 JS 散度给不出梯度的地方给出梯度",
        ("parallel_lines.penalised_learns", "parallel_lines.js_stays", "vanishing_gradients.saturating_vanishes")
        + ("vanishing_gradients.clipped_lasts", "frozen_dcgan.saturating_vanishes", "frozen_dcgan.saturating_vanishes_late")
        + ("frozen_dcgan.clipped_lasts",),
    ),
    (
        "A critic trained for long knows the distance and its gradient",
        "训练充分的判别器能给出 Wasserstein 距离及其梯度",
        ("critic_truth.penalised_foreseen", "gradient_fidelity.penalty_true", "gradient_fidelity.clip_true"),
    ),
    (
        "The critic's estimate follows the quality of the samples, the GAN's does not",
        "WGAN 判别器的估计值能反映样本质量，GAN 的估计值不能",
        ("figures_3_4.wgan_dcgan", "critic_truth.wgan_follows", "critic_truth.gp_follows", "tuned.wgan_follows")
        + ("tuned.gp_follows", "figures_3_4.js_dcgan"),
    ),
    (
        "The players need no balance: many critic steps do no harm",
        "无需平衡两个网络：判别器步数多也无害",
        ("balance.clip", "balance.penalty", "balance.minimax"),
    ),
    (
        "WGAN trains networks with which the GAN fails",
        "GAN 训练不了的网络，WGAN 能训练",
        ("section_43.only_wgan_constant", "section_43.only_wgan_mlp", "random_architectures.gp"),
    ),
    (
        "WGAN loses no modes, or fewer than a GAN",
        "WGAN 不丢模式，或比 GAN 丢得少",
        ("mode_collapse.wgan_keeps_modes", "mode_collapse.gp_keeps_modes", "mode_collapse.wgan_modes_25")
        + ("mode_collapse.gp_modes_25", "stacked.wgan_modes", "section_43.wgan_classes_dcgan")
        + ("section_43.wgan_classes_constant", "section_43.wgan_classes_mlp", "tuned.wgan_classes", "tuned.gp_classes"),
    ),
    (
        "Momentum makes a clipped WGAN worse (and, beyond the paper: the critic's more than the generator's)",
        "动量让裁剪的 WGAN 变差（论文之外另问：判别器的动量比生成器的更有害）",
        ("momentum.b0.9_slow", "momentum.b0.5_slow", "momentum_apart.critic", "momentum_apart.blame"),
    ),
    (
        "Clipping is a poor way to keep a critic 1-Lipschitz, a gradient penalty a better one",
        "裁剪不是保持 1-Lipschitz 的好办法，梯度惩罚更好",
        ("clipping_pathology.most_at_c", "clipping_pathology.weights_at_c", "clipping_pathology.layers_0.1")
        + ("clipping_pathology.layers_penalty",)
        + ("optimal_critics.clip_sees_less", "gradient_fidelity.penalty_truer"),
    ),
    (
        "On few images a critic overfits",
        "图像少时判别器会过拟合",
        ("overfitting.penalty_gap", "overfitting.penalty_train_rises", "overfitting.penalty_heldout_falls"),
    ),
    (
        "PaperWeekly's listing never clips, so that it is no WGAN",
        "PaperWeekly 博文的代码从未真正裁剪权重，因此不是 WGAN",
        ("clipping_that_is_none.no_estimate", "clipping_that_is_none.clipping_helps_5", "clipping_that_is_none.clipping_helps_1")
        + ("clipping_that_is_none.worse_at_generator_steps", "clipping_that_is_none.worse_at_critic_steps"),
    ),
    (
        "Claimed by neither paper (WGAN-GP's says that it is slower than DCGAN by the clock): that a WGAN is ahead of the GAN "
        "in the same "
        "CPU time",
        "论文并未声称（WGAN-GP 的论文说，按实际用时 WGAN-GP 比 DCGAN 慢）、本项目另行检验：CPU 时间相同时，WGAN 优于 GAN",
        ("tuned.wgan", "tuned.wgan-gp", "tuned.wgan_falling", "tuned.gp_falling")
        + ("fashion_mnist.wgan_ahead", "fashion_mnist.gp_ahead"),
    ),
)

# What the page begins with: (in English, in Chinese, the verdicts that a sentence says); it is left out where they are others.
SHORT: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "What the papers prove is seen here on points: where a discriminator has learnt its job log(1 − D) leaves no gradient, a "
        "critic does, and a penalised critic, trained for long against a generator that stands still, knows the distance (up to "
        "a factor that can be foreseen) and its direction.",
        "论文证明的结论，在平面点上可以看到。判别器学好之后，log(1 − D) 的梯度消失，WGAN 的判别器仍给出梯度，"
        "生成器固定时，充分训练的带梯度惩罚的判别器能给出距离（差一个可预知的因子）及其方向。",
        {
            "vanishing_gradients.saturating_vanishes": "holds",
            "vanishing_gradients.clipped_lasts": "holds",
            "vanishing_gradients.penalised_lasts": "holds",
            "critic_truth.penalised_foreseen": "holds",
            "gradient_fidelity.penalty_true": "holds",
        },
    ),
    (
        "With the paper's hyperparameters, the authors' warm-up and a dcgan generator the estimate falls as the samples get "
        "better; with an mlp generator nothing is learnt in as many steps.",
        "用论文的超参数、作者的预热和 dcgan 生成器时，估计值随样本变好而下降；用 mlp 生成器时，同样多的步数里什么也没学到。",
        {"figures_3_4.wgan_dcgan": "holds", "figures_3_4.wgan_mlp_trains": "does not hold"},
    ),
    (
        "Of the two generators that the paper calls hard for a GAN, with searched recipes and 3,000 steps neither is one that "
        "wgan trains and the GAN does not. Momentum in the critic does harm, as the paper says; in the generator it does more, "
        "of which the paper says nothing.",
        "论文称 GAN 难以训练的两种生成器，用搜索到的配置、3,000 步，没有一种是 wgan 训练成功而 GAN 失败。"
        "判别器的动量有害，与论文一致；生成器的动量害处更大，论文没有谈到。",
        {
            "section_43.only_wgan_constant": "does not hold",
            "section_43.only_wgan_mlp": "does not hold",
            "momentum_apart.critic": "holds",
            "momentum_apart.blame": "does not hold",
        },
    ),
    (
        "In equal CPU time wgan-gp is ahead of the GAN on 4,000 digits, and slightly behind it on clothes (level by other "
        "feature networks); the clipped WGAN is behind on both, on digits also where both have falling learning rates.",
        "CPU 时间相同时，4,000 个手写数字上 wgan-gp 领先于 GAN，服饰上略落后于它（换用其他特征网络则不相上下）；"
        "裁剪的 WGAN 两处都落后，手写数字上双方学习率都下降时也是如此。",
        {
            "tuned.wgan-gp": "holds",
            "tuned.gp_falling": "holds",
            "fashion_mnist.gp_ahead": "does not hold",
            "tuned.wgan": "does not hold",
            "fashion_mnist.wgan_ahead": "does not hold",
            "tuned.wgan_falling": "does not hold",
        },
    ),
)

CONSTANTS = {  # whose constants an experiment's trainings have, in English and in Chinese; "–" where a critic learns alone
    "searched": "搜索所得",
    "the papers'": "论文的",
    "the papers', the GAN's searched": "论文的，GAN 为搜索所得",
    "ours": "自定",
    "–": "–",
}
