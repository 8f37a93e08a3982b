// The playground: plays the recordings of the page's record. Drawing: live/panel.js, above.
const RECORD = JSON.parse(document.getElementById("record").textContent);
const STEPS = RECORD.steps, LAST = STEPS.length - 1, SECONDS = 18;  // of a whole run through
const ALL = [...document.querySelectorAll("[data-switch]")].map(button => button.dataset.switch);
const WORDS = {
  models: {
    "gan": ["GAN", "GAN"], "wgan": ["WGAN", "WGAN"], "wgan-gp": ["WGAN-GP", "WGAN-GP"],
    "wgan-paper": ["WGAN (paper)", "WGAN（论文）"],
  },
  objectives: {"non-saturating": ["log loss", "对数损失"], "wasserstein": ["no logarithm", "不取对数"]},
  none: ["GAN: no switch thrown", "GAN：开关全关"], own: ["your choice", "你的选择"], all: ["all four: WGAN, algorithm 1", "四个全开：WGAN 算法 1"],
  w1: ["exact W1", "精确 W1"], real: ["W1 of real to real", "真实点间的 W1"], estimate: ["estimate", "估计值"], modes: ["modes found", "找到的模式"],
  of: ["of ", "/ "], good: ["good samples", "合格样本"], clipped: ["weights at ±c", "停在 ±c 的权重"], slope: ["steepest slope", "最大斜率"],
  steps: ["generator steps", "生成器步数"], step: ["step ", "第 "], after: ["", " 步"], curve: ["estimate E f(x) − E f(G(z))", "估计值 E f(x) − E f(G(z))"],
  dotted: ["dotted: real against real", "虚线：真实点之间"], sees: ["What happened", "发生了什么"],
};
const state = {view: "models", set: Object.keys(RECORD.scenes)[0], thrown: new Set(["loss"]), at: 0, playing: false};
const scenes = Object.fromEntries(Object.entries(RECORD.scenes).map(([name, json]) => [name, Live.unpackScene(json)]));
const films = {};  // name of a recording → promise of its frames
let cards = [], shown = 0, runs = 0;  // number of the choice whose cards are on the page, and of the latest start of the film

const language = () => document.documentElement.lang === "zh" ? 1 : 0;
const word = pair => pair[language()];
const element = (tag, className, ...children) => {
  const made = document.createElement(tag);
  made.className = className || "";
  made.append(...children.filter(child => child !== null));
  return made;
};
const both = ([en, zh]) => {
  if (en === zh) return en;
  const spans = [en, zh].map((text, i) => Object.assign(element("span", "", text), {lang: ["en", "zh"][i]}));
  const made = document.createDocumentFragment();
  made.append(...spans);
  return made;
};

// frames of a recording, as experiments/playground.py packed them
async function film(name) {
  const recording = RECORD.recordings[name], scene = scenes[recording.recipe.data], count = scene.real.length;
  const packed = Uint8Array.from(atob(recording.packed), c => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = new Uint8Array(await new Response(stream).arrayBuffer());
  const frames = STEPS.length, grid = 33, area = grid * grid, arrows = 2 * 11 * 11;
  const low = raw.subarray(0, frames * count), high = raw.subarray(frames * count, 2 * frames * count);
  const rises = raw.subarray(2 * frames * count, 2 * frames * count + frames * area);
  const pushes = new Int8Array(raw.buffer, 2 * frames * count + frames * area);
  const found = [], samples = new Uint16Array(count);
  for (let t = 0; t < frames; t++) {
    for (let i = 0; i < count; i++) samples[i] += low[t * count + i] + 256 * high[t * count + i];
    const surface = rises.slice(t * area, (t + 1) * area);
    for (let i = grid; i < area; i++) surface[i] += surface[i - grid];
    for (let i = 0; i < area; i++) if (i % grid) surface[i] += surface[i - 1];
    const numbers = Object.fromEntries(Object.entries(recording.numbers).map(([key, values]) => [key, values[t]]).filter(([, v]) => v !== null));
    const scale = {low: recording.low[t], high: recording.high[t], longest: recording.longest[t]};
    found.push(Live.unpackFrame({numbers, ...scale, samples, surface, arrows: pushes.subarray(t * arrows, (t + 1) * arrows)}, scene.extent));
  }
  return found;
}

function choice() {  // [[name of a recording, title]]
  if (state.view === "models") {
    const names = Object.keys(RECORD.recordings).filter(name => name.startsWith(state.set + "/"));
    return names.map(name => [name, WORDS.models[name.split("/")[1]]]);
  }
  const thrown = names => names.size ? "switches/" + ALL.filter(name => names.has(name)).join("+") : RECORD.switched + "/gan";
  return [[thrown(new Set()), WORDS.none], [thrown(state.thrown), WORDS.own], [thrown(new Set(ALL)), WORDS.all]];
}

function constants(recipe) {  // in a line, as the recipe says them
  const bound = recipe.clip ? `c = ${recipe.clip}` : recipe.penalty ? `λ = ${recipe.penalty}` : null;
  const optimiser = recipe.optimizer === "adam" ? `Adam β₁ ${recipe.beta1}` : "RMSProp";
  const average = recipe.ema ? `ema ${recipe.ema}` : null;
  const rest = language => [WORDS.objectives[recipe.objective][language], bound, optimiser, `n_critic ${recipe.n_critic}`, average].filter(Boolean).join(" · ");
  return [rest(0), rest(1)];
}

const NUMBERS = [
  ["w1", n => Live.short(n.w1)],
  ["real", (n, scene) => Live.short(scene.w1_real)],
  ["estimate", n => Live.short(n.estimate)],
  ["slope", n => Live.short(n.slope)],
  ["modes", n => "modes_found" in n ? String(n.modes_found) : null, scene => WORDS.of.map(of => of + parseInt(scene.data))],
  ["good", n => "good_share" in n ? Math.round(100 * n.good_share) + " %" : null],
  ["clipped", n => "clipped_share" in n ? Math.round(100 * n.clipped_share) + " %" : "–"],
];

async function choose() {
  const number = ++shown, chosen = choice();
  const all = await Promise.all(chosen.map(([name]) => films[name] ||= film(name)));
  if (number !== shown) return;  // another choice came meanwhile
  cards = chosen.map(([name, title], i) => {
    const recording = RECORD.recordings[name], scene = scenes[recording.recipe.data];
    const panel = element("canvas"), numbers = element("dl"), curves = element("canvas");
    const caption = element("figcaption", "", element("b", "", both(title)), element("small", "", both(constants(recording.recipe))));
    const seen = RECORD.seen[name];
    const article = element("article", "", element("h3", "", both(title)), seen ? element("p", "", both(seen)) : null, curves);
    return {recording, scene, frames: all[i], panel, numbers, curves, figure: element("figure", "", caption, panel, numbers), article, at: -1};
  });
  for (const [id, key] of [["panels", "figure"], ["told", "article"]]) {
    const box = document.getElementById(id);
    box.classList.toggle("three", cards.length === 3);
    box.replaceChildren(...cards.map(card => card[key]));
  }
  press();
  draw(true);
}

function press() {  // what is chosen, on the buttons
  const mark = (key, on, attribute = "aria-pressed") => {
    for (const button of document.querySelectorAll(`[data-${key}]`)) button.setAttribute(attribute, on(button.dataset[key]));
  };
  mark("language", name => name === document.documentElement.lang);
  mark("view", name => name === state.view);
  mark("set", name => name === state.set);
  mark("switch", name => state.thrown.has(name), "aria-checked");
  document.querySelector(".sets").hidden = state.view !== "models";
  document.querySelector(".switches").hidden = state.view === "models";
  document.getElementById("play").classList.toggle("on", state.playing);
}

function draw(all) {
  const k = Math.min(LAST, Math.floor(state.at + 1e-6)), part = state.at - k;
  const step = Math.round(STEPS[k] + (part > 0 ? part * (STEPS[k + 1] - STEPS[k]) : 0));
  for (const card of cards) {
    const frame = Live.between(card.frames[k], card.frames[k + 1], part);
    Live.drawPanel(card.panel, frame, {scene: card.scene});
    card.panel.setAttribute("aria-label", `step ${step}`);
    if (!all && card.at === k) continue;
    card.at = k;
    const rows = NUMBERS.map(([key, value, beside]) => {
      const text = value(card.frames[k].numbers, card.scene);
      const more = text !== null && beside ? element("small", "", " ", both(beside(card.scene))) : null;
      return text === null ? [] : [element("dt", "", both(WORDS[key])), element("dd", "", text, more)];
    });
    card.numbers.replaceChildren(...rows.flat());
    const series = key => ({steps: STEPS, values: card.recording.numbers[key]});
    const trained = {steps: STEPS.slice(1), values: card.recording.numbers.estimate.slice(1)};  // at step 0 no critic has been
    Live.drawCurves(card.curves, [
      {label: word(WORDS.w1), unit: word(WORDS.dotted), colour: Live.COLOURS.w1, baseline: card.scene.w1_real, ...series("w1")},
      {label: word(WORDS.curve), colour: Live.COLOURS.estimate, ...trained},
    ], {at: STEPS[k], until: STEPS[LAST], xLabel: word(WORDS.steps)});
  }
  const slider = document.getElementById("time");
  slider.value = state.at;
  const number = step.toLocaleString("en"), end = STEPS[LAST].toLocaleString("en");
  document.getElementById("step").replaceChildren(word(WORDS.step) + number + word(WORDS.after), element("small", "", both([`of ${end}`, `共 ${end} 步`])));
}

function play(on) {
  state.playing = on;
  if (on && state.at >= LAST) state.at = 0;
  press();
  if (on) requestAnimationFrame(now => tick(now, now, ++runs));
}

function tick(now, before, run) {
  if (!state.playing || run !== runs) return;  // stopped, or begun anew meanwhile
  state.at = Math.min(LAST, state.at + Math.min(100, now - before) / 1000 * LAST / SECONDS);  // a page that was hidden does not jump
  draw(false);
  if (state.at >= LAST) return play(false);
  requestAnimationFrame(next => tick(next, now, run));
}

function speak(name) {
  document.documentElement.lang = name;
  press();
  draw(true);
}

document.querySelector(".legend .map").style.background = Live.GRADIENT;
document.getElementById("time").max = LAST;
document.getElementById("time").addEventListener("input", event => {
  play(false);
  state.at = +event.target.value;
  draw(false);
});
document.getElementById("play").addEventListener("click", () => play(!state.playing));
addEventListener("keydown", event => {
  if (event.key === " " && event.target === document.body) {
    event.preventDefault();
    play(!state.playing);
  }
});
addEventListener("click", event => {
  const {language, view, set} = event.target.closest("button")?.dataset || {}, thrown = event.target.closest("button")?.dataset.switch;
  if (language) return speak(language);
  if (view) state.view = view;
  if (set) state.set = set;
  if (thrown) state.thrown.delete(thrown) || state.thrown.add(thrown);
  if (view || set || thrown) choose();
});
let width = 0;
addEventListener("resize", () => {
  if (document.documentElement.clientWidth !== width) draw(true);
  width = document.documentElement.clientWidth;
});
for (const button of document.querySelectorAll("[data-set]")) Live.drawPanel(button.querySelector("canvas"), null, {scene: scenes[button.dataset.set]});
if (location.hash === "#zh" || !location.hash && (navigator.language || "").startsWith("zh")) document.documentElement.lang = "zh";
choose().then(() => {
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) play(true);
}, error => {  // a browser that cannot unpack it
  document.getElementById("panels").textContent = word(["This browser is too old for the recordings: ", "浏览器版本过旧，无法播放："]) + error.message;
});
