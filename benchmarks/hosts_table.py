"""The tables of docs/scaling.md, from docs/scaling.json: steps measured, what they compute and send, what more hosts bring."""

from __future__ import annotations

from typing import Any, NamedTuple

from benchmarks.table import name_of
from reporting.markdown import in_markdown

HOSTS = (2, 8, 64)
BATCH = 128  # of the calculated table: 64 processes get two samples each, the fewest that the program gives one


class Link(NamedTuple):
    """bandwidth: bytes a second; latency: seconds a round."""

    english: str
    chinese: str
    bandwidth: float
    latency: float


LINKS = (
    Link("1 Gbit/s, 1 ms, one core a host", "1 Gbit/s、1 ms，每台主机一个核", 1.25e8, 1e-3),
    Link("10 Gbit/s, 0.05 ms, one core a host", "10 Gbit/s、0.05 ms，每台主机一个核", 1.25e9, 5e-5),
)
SETTING = {  # of a record
    "en": "{processor}, {cores} cores, {date}, {minutes} minutes; load {load_before} at the start; "
    "the program between the TUN devices took {cpu_seconds} CPU seconds.\n\n",
    "zh": "{processor}，{cores} 个核，{date}，{minutes} 分钟；开始时负载 {load_before}；"
    "TUN 设备之间的程序用了 {cpu_seconds} CPU 秒。\n\n",
}
WORDS = {
    "recipe": "配置",
    "step": "步",
    "critic": "判别器",
    "critic step": "判别器步",
    "generator": "生成器",
    "generator step": "生成器步",
    "1 host, ms": "1 台主机，毫秒",
    "2 hosts, ms": "2 台主机，毫秒",
    "slow link, ms": "慢速链路，毫秒",
    "× 1 host": "× 1 台主机",
    "calculated, ms": "计算值，毫秒",
    "sent, kB": "发送，kB",
    "by shapes, kB": "按形状，kB",
    "batch": "批次",
    "GFLOP a step": "每步 GFLOP",
    "kB reduced a step": "每步归约 kB",
    "reductions": "归约次数",
    "one host,<br>ms": "一台主机，<br>毫秒",
    "most at": "最快台数",
    "hosts": "台",
    "own batch<br>norm, 8": "各自批<br>归一化，8",
    "batch<br>× 8, 8": "批次<br>× 8，8",
}


def tables(record: dict[str, Any], language: str) -> dict[str, str]:
    """{mark: table}. language: 'en' or 'zh'."""
    word = (lambda text: WORDS[text]) if language == "zh" else str
    return {
        "measured hosts": measured(record, word) + SETTING[language].format(**record, **record["link"]),
        "work of a step": work(record, word),
        "more hosts": more_hosts(record, word, language),
    }


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[key] == other[key] for key in ("model", "network", "filters", "data"))


def measured(record: dict[str, Any], word: Any) -> str:
    """A table a step, one line a recipe, all of it measured but for two columns that are calculated."""
    heads = ["1 host, ms", "2 hosts, ms", "× 1 host", "slow link, ms", "× 1 host", "calculated, ms"]
    heads = [word(head) for head in [*heads, "sent, kB", "by shapes, kB"]]
    parts = []
    for kind in ("critic", "generator"):
        lines = [[word(f"{kind} step"), *heads]]
        for counted in record["work"]:
            found = {row["place"]: row for row in record["rows"] if same(row, counted) and row["step"] == kind}
            if not found:
                continue
            one, two, slow = (found[place]["seconds"] for place in ("1 host", "2 hosts", "2 hosts, slow link"))
            sizes = counted["reductions"][kind]
            by_model = seconds(one, sizes, 2, *LINKS[0][2:4])
            times = [ms(one), ms(two), f"{one / two:.2f}", ms(slow), f"{one / slow:.2f}", ms(by_model)]
            bytes_sent = [f"{found['2 hosts']['sent'] / 1e3:,.1f}", f"{sum(sizes) / 1e3:,.1f}"]
            lines.append([name_of(counted), *times, *bytes_sent])
        parts.append(f"\n{in_markdown(lines, right=range(1, 9))}\n")
    return "".join(parts) + "\n"


def work(record: dict[str, Any], word: Any) -> str:
    """One line a recipe and step: what it computes at which batch, what it reduces and in how many reductions."""
    heads = ["recipe", "step", "batch", "GFLOP a step", "kB reduced a step", "reductions"]
    lines = [[word(head) for head in heads]]
    for row in record["work"]:
        for kind in ("critic", "generator"):
            sizes = row["reductions"][kind]
            figures = [str(row["batch"]), f"{row['operations'][kind] / 1e9:,.2f}", f"{sum(sizes) / 1e3:,.1f}", str(len(sizes))]
            lines.append([name_of(row) if kind == "critic" else "", word(kind), *figures])
    return "\n" + in_markdown(lines, right=range(2, 6)) + "\n\n"


def more_hosts(record: dict[str, Any], word: Any, language: str) -> str:
    """One table a link and one line a recipe: how many times as many images a second as on one host, all of it calculated."""
    heads = ["recipe", "one host,<br>ms", *(f"{count} " for count in HOSTS), "most at"]
    heads = [word(head) if head in WORDS else head + word("hosts") for head in heads]
    heads += [word(head) for head in ("own batch<br>norm, 8", "batch<br>× 8, 8")]
    parts = []
    for link in LINKS:
        lines = [heads]
        for row in record["work"]:
            sizes = whole(row, "reductions")
            compute, at = BATCH / row["batch"] * one_host(record, row), (link.bandwidth, link.latency)
            gains = [compute / seconds(compute, sizes, count, *at) for count in HOSTS]
            best = fastest(compute, sizes, *at)
            own = compute / seconds(compute, whole(row, "own_batch_norm"), 8, *at)
            larger = 8 * compute / seconds(8 * compute, sizes, 8, *at)
            figures = [f"{gain:.2f}" for gain in gains]
            figures += [f"{best}\u00a0({compute / seconds(compute, sizes, best, *at):.2f}\u00a0×)"]
            figures += [f"{gain:.2f}" for gain in (own, larger)]
            lines.append([name_of(row), ms(compute), *figures])
        title = link.chinese if language == "zh" else link.english
        parts.append(f"\n**{title}**\n\n{in_markdown(lines, right=range(1, len(heads)))}\n")
    return "".join(parts) + "\n"


def whole(row: dict[str, Any], key: str) -> Any:
    """Of a generator step with its critic steps: the bytes of all reductions, or the operations."""
    return row["n_critic"] * row[key]["critic"] + row[key]["generator"]


def one_host(record: dict[str, Any], row: dict[str, Any]) -> float:
    """Seconds of a generator step with its critic steps in one process on a core, at the row's batch: as measured, or at the rate
    that was measured with the same network, of most filters."""
    alike = [each for each in record["work"] if each["network"] == row["network"] and took(record, each)]
    nearest = row if took(record, row) else max(alike, key=lambda each: each["filters"])
    return whole(row, "operations") / whole(nearest, "operations") * took(record, nearest)


def took(record: dict[str, Any], row: dict[str, Any]) -> float:
    """Seconds of a generator step with its critic steps as measured on one host; 0 where that was not."""
    found = {each["step"]: each["seconds"] for each in record["rows"] if same(each, row) and each["place"] == "1 host"}
    return row["n_critic"] * found["critic"] + found["generator"] if found else 0.0


def ms(seconds: float) -> str:
    return f"{1e3 * seconds:,.1f}"


def seconds(compute: float, sizes: list[int], hosts: int, bandwidth: float, latency: float) -> float:
    """Seconds of a step on so many hosts, by a model: an equal share of `compute`, the seconds on one, and a ring for each
    reduction, which sends 2(n − 1)/n of its bytes in 2(n − 1) rounds. bandwidth: bytes a second; latency: seconds a round."""
    if hosts == 1:
        return compute
    sent = 2 * (hosts - 1) / hosts * sum(sizes) / bandwidth
    return compute / hosts + sent + 2 * (hosts - 1) * latency * len(sizes)


def fastest(compute: float, sizes: list[int], bandwidth: float, latency: float, most: int = 1024) -> int:
    """The power of two up to `most` with the shortest step by `seconds`: beyond it reductions cost more than they save."""
    counts = [2**k for k in range(most.bit_length())]
    return min(counts, key=lambda count: seconds(compute, sizes, count, bandwidth, latency))
