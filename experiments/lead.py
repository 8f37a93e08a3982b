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
        + ("tuned.gp_follows", "figures_3_4.js_dcgan", "figures_3_4.js_mlp"),
    ),
    (
        "The players need no balance: the more critic steps the better",
        "无需平衡两个网络：判别器步数越多越好",
        ("balance.clip", "balance.penalty", "balance.minimax"),
    ),
    (
        "WGAN trains networks with which the GAN fails",
        "GAN 训练不了的网络，WGAN 能训练",
        ("section_43.trains_constant", "section_43.fails_constant", "section_43.trains_mlp", "section_43.fails_mlp")
        + ("random_architectures.gp",),
    ),
    (
        "WGAN loses no modes, or fewer than a GAN",
        "WGAN 不丢模式，或比 GAN 丢得少",
        ("mode_collapse.wgan_keeps_modes", "mode_collapse.gp_keeps_modes", "mode_collapse.wgan_modes_25")
        + ("mode_collapse.gp_modes_25", "stacked.wgan_modes", "section_43.wgan_classes_dcgan")
        + ("section_43.wgan_classes_constant", "section_43.wgan_classes_mlp", "tuned.wgan_classes", "tuned.gp_classes"),
    ),
    (
        "Momentum makes a clipped WGAN worse, even where the critic alone has it",
        "动量让裁剪的 WGAN 变差，即使只有判别器使用动量",
        ("momentum.b0.9_slow", "momentum.b0.5_slow", "momentum_apart.critic"),
    ),
    (
        "Clipping is a poor way to keep a critic 1-Lipschitz, a gradient penalty a better one",
        "裁剪不是保持 1-Lipschitz 的好办法，梯度惩罚更好",
        ("clipping_pathology.most_at_c", "clipping_pathology.layers_0.1", "clipping_pathology.layers_penalty")
        + ("optimal_critics.clip_sees_less", "gradient_fidelity.penalty_truer"),
    ),
    (
        "On few images a critic overfits",
        "图像少时判别器会过拟合",
        ("overfitting.penalty_gap", "overfitting.penalty_train_rises", "overfitting.penalty_heldout_falls"),
    ),
    (
        "PaperWeekly's listing, of which no line clips, is no WGAN",
        "博文的代码从未真正裁剪权重，因此不是 WGAN",
        ("clipping_that_is_none.no_estimate", "clipping_that_is_none.clipping_helps_5")
        + ("clipping_that_is_none.worse_at_critic_steps",),
    ),
    (
        "What nobody claimed: that WGAN or WGAN-GP is ahead of the GAN in the same CPU time",
        "论文并未声称、本项目另行检验：CPU 时间相同时，WGAN 或 WGAN-GP 优于 GAN",
        ("tuned.wgan", "tuned.wgan-gp", "tuned.wgan_falling", "tuned.gp_falling")
        + ("fashion_mnist.wgan_ahead", "fashion_mnist.gp_ahead"),
    ),
)

CONSTANTS = {  # whose constants an experiment's trainings have, in English and in Chinese; "–" where a critic learns alone
    "searched": "搜索所得",
    "the papers'": "论文的",
    "the papers', the GAN's searched": "论文的，GAN 为搜索所得",
    "the papers' or searched": "论文的或搜索所得",
    "ours": "自定",
    "–": "–",
}
