"""The words of the playground, English and Chinese. Numbers come from the record: playground_page.facts has their names."""

SETS = {
    "8gaussians": ("8 Gaussians", "8 个高斯"),
    "25gaussians": ("25 Gaussians", "25 个高斯"),
    "swissroll": ("Swiss roll", "瑞士卷"),
    "2lines": ("two lines", "两条线"),
}
SWITCHES = {  # live.switches.SWITCHES: title, what it changes
    "loss": (
        ("No sigmoid, no log", "去掉 sigmoid 和 log"),
        ("the critic’s output is a score, not a probability", "判别器输出分数，不再是概率"),
    ),
    "clip": (
        ("Clip the weights", "裁剪权重"),
        ("each to [−0.01, 0.01] after every critic step", "每次更新后都截到 [−0.01, 0.01]"),
    ),
    "momentum": (
        ("No momentum", "去掉动量"),
        ("RMSProp in place of Adam with β₁ 0.5", "用 RMSProp 代替 β₁ 为 0.5 的 Adam"),
    ),
    "n_critic": (
        ("Five critic steps", "判别器多练几步"),
        ("before each generator step, in place of one", "每训练生成器 1 步，先训练判别器 5 步，不再是 1 步"),
    ),
}
SEEN: dict[str, tuple[str, str]] = {}
