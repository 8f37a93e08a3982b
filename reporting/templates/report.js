// the slider: the same moment of training in every grid
function showFrames() {
  const k = +document.getElementById("time").value;
  const picked = document.querySelector("input[name=seed]:checked");
  for (const figure of document.querySelectorAll("figure[data-run]")) {
    const run = figure.dataset.run, grid = GRIDS[run][k];
    figure.hidden = picked && figure.dataset.seed !== picked.value;
    figure.querySelector("img").src = FRAMES[run][k];
    figure.querySelector(".at-step").textContent = grid.step.toLocaleString("en");
    const s = Math.round(grid.minutes * 60), two = n => String(n).padStart(2, "0");
    figure.querySelector(".at-time").textContent = Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
  }
}

// four or so round numbers between low and high
function ticks(low, high) {
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map(m => m * power).find(s => s >= rough);
  const marks = [];
  for (let t = Math.ceil(low / step) * step; t <= high + step * 1e-6; t += step) marks.push(Math.abs(t) < step * 1e-6 ? 0 : t);
  return marks;
}

// ticks in as many digits as it takes to tell them apart
function tickLabels(all) {
  const most = Math.max(...all.map(Math.abs)), step = all.length > 1 ? all[1] - all[0] : most;
  const digits = Math.min(8, Math.max(1, Math.ceil(Math.log10(most / step) + 1e-9) + 2));
  const [unit, end] = most >= 1e6 ? [1e6, "M"] : most >= 1e4 ? [1e3, "k"] : most && most < 1e-3 ? [10 ** Math.floor(Math.log10(most)), "e"] : [1, ""];
  return all.map(t => !t ? "0" : +(t / unit).toPrecision(digits) + (end === "e" ? "e−" + -Math.log10(unit) : end));
}

const NS = "http://www.w3.org/2000/svg", W = 330, H = 200, LEFT = 44, BOTTOM = 34, TOP = 8, RIGHT = 8;

function element(parent, name, attributes, text) {
  const made = parent.appendChild(document.createElementNS(NS, name));
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  return made;
}

// lines: [{x, mean, deviation, colour, dashed, dots}], across: words below, level: a dotted line or null
function draw(figure, lines, across, level) {
  figure.querySelector("svg")?.remove();
  const svg = element(figure, "svg", {viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": figure.textContent.trim()});
  lines = lines.filter(line => line.x.length);
  if (!lines.length) return;
  const range = numbers => {
    let low = Math.min(...numbers), high = Math.max(...numbers);
    if (low === high) { low -= Math.abs(low) * .1 || .5; high += Math.abs(high) * .1 || .5; }
    return [low, high];
  };
  const [x0, x1] = range(lines.flatMap(line => line.x));
  let ys = lines.flatMap(line => line.mean.flatMap((m, i) => line.deviation ? [m - line.deviation[i], m + line.deviation[i]] : [m]));
  if (level !== null) ys.push(level);
  const means = lines.flatMap(line => line.mean).concat(level ?? []), least = Math.min(...means);
  const span = Math.max(...means) / least;
  const log = figure.dataset.metric && least > 0 && span > 30 && span < 3000;  // beyond that something is 0, but for its noise
  if (log) ys = ys.filter(y => y >= least / 2);
  const scale = y => log ? Math.log10(Math.max(y, least / 2)) : y;
  let [y0, y1] = range(ys).map(scale);
  const air = (y1 - y0) * .05;
  y0 -= air; y1 += air;
  const px = x => LEFT + (x - x0) / (x1 - x0) * (W - LEFT - RIGHT), py = y => H - BOTTOM - (scale(y) - y0) / (y1 - y0) * (H - BOTTOM - TOP);
  const powers = [...Array(40).keys()].map(i => 10 ** (i - 20)).filter(t => scale(t) >= y0 && scale(t) <= y1);
  const up = log ? powers : ticks(y0, y1), right = ticks(x0, x1), upWords = log ? powers.map(t => tickLabels([t])[0]) : tickLabels(up), rightWords = tickLabels(right);
  for (const [i, t] of up.entries()) {
    element(svg, "line", {x1: LEFT, x2: W - RIGHT, y1: py(t), y2: py(t), stroke: "#e4e8ec"});
    element(svg, "text", {x: LEFT - 5, y: py(t) + 3.5, "text-anchor": "end"}, upWords[i]);
  }
  for (const [i, t] of right.entries()) element(svg, "text", {x: px(t), y: H - BOTTOM + 14, "text-anchor": "middle"}, rightWords[i]);
  element(svg, "text", {x: (LEFT + W - RIGHT) / 2, y: H - 4, "text-anchor": "middle"}, across);
  if (level !== null) element(svg, "line", {x1: LEFT, x2: W - RIGHT, y1: py(level), y2: py(level), stroke: "#888", "stroke-dasharray": "1 3"});
  for (const line of lines) {
    const at = (y, i) => `${px(line.x[i]).toFixed(1)},${py(y).toFixed(1)}`;
    if (line.deviation) {
      const upper = line.mean.map((m, i) => at(m + line.deviation[i], i)), lower = line.mean.map((m, i) => at(m - line.deviation[i], i)).reverse();
      element(svg, "polygon", {points: [...upper, ...lower].join(" "), fill: line.colour, opacity: .15});
    }
    if (!line.dots) element(svg, "polyline", {points: line.mean.map(at).join(" "), fill: "none", stroke: line.colour, "stroke-width": 1.6, "stroke-linejoin": "round", "stroke-dasharray": line.dashed ? "4 3" : "none"});
    if (line.dots || line.x.length < 15) line.mean.forEach((m, i) => element(svg, "circle", {cx: px(line.x[i]), cy: py(m), r: line.dots ? 3.5 : 2.2, fill: line.colour}));
  }
}

function drawCurves() {
  const axis = document.querySelector("input[name=axis]:checked").value;
  const curve = (source, label, name, dashed) => {
    const line = source[label]?.[axis]?.[name];
    return line ? [{...line, colour: COLOUR[label], dashed}] : [];
  };
  for (const figure of document.querySelectorAll("figure[data-names]"))
    draw(figure, figure.dataset.names.split(" ").flatMap((name, i) => curve(DATA.curves, figure.dataset.label, name, i > 0)), AXIS_WORDS[axis], null);
  for (const figure of document.querySelectorAll("figure[data-metric]")) {
    const name = figure.dataset.metric;
    draw(figure, Object.keys(DATA.metric_curves).flatMap(label => curve(DATA.metric_curves, label, name, false)), AXIS_WORDS[axis], DATA.floor[name]?.value ?? null);
  }
}

for (const figure of document.querySelectorAll("figure[data-agreement]")) {
  const run = DATA.agreement[figure.dataset.agreement];
  draw(figure, [{x: run.points.map(p => p.quality), mean: run.points.map(p => p.estimate), deviation: null, colour: COLOUR[run.label], dots: true}], DATA.quality, null);
}
drawCurves();
for (const input of document.querySelectorAll("input[name=axis]")) input.addEventListener("change", drawCurves);
for (const input of document.querySelectorAll("#time, input[name=seed]")) input.addEventListener("input", showFrames);
