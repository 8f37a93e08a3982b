// A chart: {lines, across, up, level, log}. lines: [{name, x, mean, deviation, colour, dashed, dots}], colour of its model;
// across, up: words at the axes; level: the value of real data or null; log: whether the vertical axis may be logarithmic; range:
// of the vertical axis where it is known.
const FONT = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const SOFT = "#5b646e";
const language = () => document.documentElement.lang === "zh" ? "zh" : "en";
const finite = value => typeof value === "number" && isFinite(value);

// four significant digits, with thousands apart, as the tables have them
function digits(value) {
  if (!finite(value)) return "–";
  if (value && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e9)) return value.toExponential(2);
  return value.toLocaleString("en", {maximumSignificantDigits: 4});
}

// a band of ± standard deviation; where a number is missing it has a gap
function band(line, least) {
  const rows = line.x.map((x, i) => [x, line.mean[i] - line.deviation[i], line.mean[i] + line.deviation[i]]);
  const shown = rows.filter((row, i) => finite(line.mean[i]) && finite(line.deviation[i])).map(([x, low, high]) => [x, Math.max(low, least), Math.max(high, least)]);
  return {
    type: "custom", name: line.name, silent: true, tooltip: {show: false}, data: shown, encode: {x: 0, y: [1, 2]}, clip: true, z: 1,
    renderItem(parameters, api) {
      if (parameters.context.drawn) return null;
      parameters.context.drawn = true;
      const points = [...shown.map(([x, , high]) => api.coord([x, high])), ...shown.map(([x, low]) => api.coord([x, low])).reverse()];
      return {type: "polygon", shape: {points}, style: {fill: line.colour, opacity: .15}};
    },
  };
}

function option(chart, width) {
  const lines = chart.lines.filter(line => line.x.length);
  const means = lines.flatMap(line => line.mean.filter(finite)), highest = Math.max(...means);
  const log = chart.log && Math.min(...means) > 0 && highest / Math.min(...means) > 10;
  const least = Math.max(Math.min(...means, ...(chart.level > 0 ? [chart.level] : [])) / 2, highest / 1e5);  // below that something is 0, but for its noise
  const real = WORDS[language()].parts.real, level = finite(chart.level) && (!log || chart.level > least);
  const names = lines.map(line => line.name).concat(level ? real : []);
  // rows that the legend takes, to leave it the room
  let rows = 1, used = 0;
  for (const name of names) {
    const wide = Math.min(width - 30, echarts.format.getTextRect(name, `12px ${FONT}`).width + 54);
    if (used && used + wide > width - 10) { rows++; used = 0; }
    used += wide;
  }
  const series = lines.flatMap(line => [
    {
      type: line.dots ? "scatter" : "line", name: line.name, data: line.x.map((x, i) => [x, finite(line.mean[i]) ? line.mean[i] : "-"]),
      symbol: line.symbol ?? "circle", symbolSize: line.dots ? 9 : 5, showSymbol: line.x.length < 15, z: 3,
      itemStyle: {color: line.colour}, lineStyle: {color: line.colour, width: 1.8, type: line.dashed ? [5, 4] : "solid"}, emphasis: {disabled: true},
    },
    ...(line.deviation ? [band(line, log ? least : -Infinity)] : []),  // after its line, whose sign the legend shows
  ]);
  if (level) {
    const xs = lines.flatMap(line => line.x);
    series.push({
      type: "line", name: real, data: [[Math.min(...xs), chart.level], [Math.max(...xs), chart.level]], symbol: "none", z: 2,
      itemStyle: {color: "#777"}, lineStyle: {color: "#777", width: 1.4, type: [2, 3]}, tooltip: {show: false},
    });
  }
  const axis = {type: "value", scale: true, nameLocation: "middle", nameTextStyle: {color: SOFT, fontFamily: FONT, fontSize: 12, lineHeight: 15},
    axisLabel: {color: SOFT, fontFamily: FONT, fontSize: 11, hideOverlap: true, formatter: digits}};
  return {
    animation: false, textStyle: {fontFamily: FONT}, backgroundColor: "#fff",
    grid: {left: 6, right: 16, top: 14 + 20 * rows, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "all"},
    legend: {top: 4, left: 8, itemWidth: lines.some(line => line.dots) ? 14 : 30, itemGap: 12, selectedMode: names.length > 1, textStyle: {color: "#1c2024", fontFamily: FONT, fontSize: 12, width: width - 60, overflow: "break"}, data: [...new Set(names)]},
    xAxis: {...axis, name: chart.across, nameGap: 28, splitNumber: width < 420 ? 3 : 5, splitLine: {show: false}},
    yAxis: {...axis, ...(log ? {type: "log"} : {}), min: chart.range?.[0] ?? (chart.log && !log && Math.min(...means) >= 0 ? 0 : null), max: chart.range?.[1], name: chart.up.replace(/ ?([(（])/, "\n$1"), nameGap: 48, splitNumber: 4, splitLine: {lineStyle: {color: "#e4e8ec"}}, axisLine: {show: true, onZero: false}},
    tooltip: {
      trigger: chart.lines.some(line => line.dots) ? "item" : "axis", confine: true, textStyle: {fontFamily: FONT, fontSize: 12}, extraCssText: "max-width: 90vw; white-space: normal",
      formatter(parts) {
        parts = (Array.isArray(parts) ? parts : [parts]).filter(part => part.seriesType !== "custom" && part.seriesName !== real);
        if (!parts.length) return "";
        const text = echarts.format.encodeHTML, at = parts[0].value;
        const rows = parts.map(part => {
          const deviation = lines.find(line => line.name === part.seriesName)?.deviation?.[part.dataIndex];
          return `${part.marker}${text(part.seriesName)}: <b>${digits(part.value[1])}</b>${finite(deviation) ? ` ± ${digits(deviation)}` : ""}`;
        });
        if (finite(chart.level)) rows.push(`${text(real)}: ${digits(chart.level)}`);
        return [`${text(chart.across)}: <b>${digits(at[0])}</b>`, ...rows].join("<br>");
      },
    },
    series,
  };
}

// ---- what each figure of the page shows

function chartOf(figure, axis) {
  const words = WORDS[language()], {label, metric, agreement} = figure.dataset;
  const curve = (source, of, name, more) => {
    const line = source[of]?.[axis]?.[name];
    return line ? [{...line, colour: COLOUR[of], ...more}] : [];
  };
  if (metric) {
    const lines = Object.keys(DATA.metric_curves).flatMap(of => curve(DATA.metric_curves, of, metric, {name: of}));
    return {lines, across: words.axes[axis], up: words.values[metric], level: DATA.floor[metric]?.value, log: true};
  }
  if (agreement !== undefined) {
    const runs = DATA.agreement.filter(run => run.label === agreement), symbols = ["circle", "triangle", "rect", "diamond", "pin"];
    const lines = runs.map((run, i) => ({
      name: `${words.parts.seed} ${run.seed}`, x: run.points.map(point => point.quality), mean: run.points.map(point => point.estimate),
      colour: COLOUR[agreement], dots: true, symbol: symbols[i % symbols.length],
    }));
    return {lines, across: words.values[DATA.quality], up: words.parts.estimate};
  }
  const lines = figure.dataset.names.split(" ").flatMap((name, i) => curve(DATA.curves, label, name, {name: words.quantities[name], dashed: i > 0}));
  return {lines, across: words.axes[axis], up: words.vertical[figure.dataset.title], ...(figure.dataset.title === "Probabilities" ? {range: [0, 1]} : {})};
}

const CHARTS = new Map();  // figure → ECharts

function drawCharts() {
  const axis = document.querySelector("input[name=axis]:checked").value;
  for (const figure of document.querySelectorAll("figure.chart")) {
    if (!CHARTS.has(figure)) {
      const box = figure.appendChild(document.createElement("div"));
      box.className = "plot";
      CHARTS.set(figure, echarts.init(box, null, {renderer: "svg"}));
      addSaving(figure);
    }
    redraw(figure, axis);
  }
}

function redraw(figure, axis = document.querySelector("input[name=axis]:checked").value) {
  const chart = CHARTS.get(figure);
  chart.resize();
  chart.setOption(option(chartOf(figure, axis), chart.getWidth()), true);
  chart.getZr().flush();
}

function addSaving(figure) {
  const buttons = figure.appendChild(document.createElement("span"));
  buttons.className = "save";
  for (const form of ["svg", "png"]) {
    const button = buttons.appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = form.toUpperCase();
    button.addEventListener("click", () => save(figure, form));
  }
}

// 720 × 430, the PNG three times as fine; what shows one model has its name
function save(figure, form) {
  const axis = document.querySelector("input[name=axis]:checked").value;
  const box = document.createElement("div");
  const chart = echarts.init(box, null, {renderer: form === "svg" ? "svg" : "canvas", width: 720, height: 430});
  const title = {text: figure.dataset.label ?? figure.dataset.agreement ?? "", right: 16, top: 2, textStyle: {fontFamily: FONT, fontSize: 13}};
  chart.setOption({...option(chartOf(figure, axis), 720), title});
  chart.getZr().flush();
  const link = document.createElement("a");
  link.download = `${figure.dataset.file.replace(/[^\p{L}\p{N}._-]+/gu, "-")}.${form}`;
  link.href = chart.getDataURL({type: form, pixelRatio: 3, backgroundColor: "#fff"});
  link.click();
  chart.dispose();
}
