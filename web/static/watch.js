// The tab “Watch it learn”: what the page asks of its training, and what it shows of it. live/panel.js does the drawing.
window.watchTraining = root => {
  if (root.dataset.begun) return;
  root.dataset.begun = "yes";
  const words = JSON.parse(root.querySelector(".pw-watch").dataset.words);
  const state = root.querySelector(".pw-watch").dataset;  // for those who test it: step, pictures, rate
  const find = selector => root.querySelector(selector), all = selector => [...root.querySelectorAll(selector)];
  const panels = all(".pw-panel"), say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const POINTS = 300;  // of a curve, at most
  let stream = null, token = null, scene = null, running = false, connected = false, latest = [];
  let curves = panels.map(() => ({steps: [], w1: [], estimate: []}));
  const seen = [];  // times of the last pictures, in milliseconds

  function note(text, wrong = false) {
    const box = find(".pw-watch-note");
    box.hidden = !text;
    box.textContent = text;
    box.className = `pw-watch-note ${wrong ? "pw-wrong" : "pw-note"}`;
  }

  // requests go one after another, in the order in which they were made
  let sending = Promise.resolve();
  function ask(request) {
    sending = sending.then(async () => {
      if (!token) return;
      const answer = await fetch(`../watch/${token}`, {method: "POST", body: JSON.stringify(request)}).catch(() => null);
      if (!answer?.ok) lost();
    });
  }

  function shared() {
    const batchNorm = find("[name=batch_norm]").checked;
    return {
      latent: +find("[name=latent]").value, batch_size: +find("[name=batch_size]").value,
      generator_network: batchNorm ? "mlp-bn" : "mlp", generator_norm: batchNorm ? "batch" : "none",
    };
  }

  function begin() {
    for (const box of all("[data-switch]")) box.checked = false;
    ask({begin: {name: find("[name=data]").value, seed: Math.max(0, Math.round(+find("[name=seed]").value) || 0), ...shared()}});
    ask({pace: {slowly: find("[name=slowly]").checked}});
  }

  function connect(andGo = false) {
    if (connected) return;
    connected = true;
    note(say("starting"));
    stream = new EventSource("../watch");
    stream.onmessage = event => {
      const told = JSON.parse(event.data);
      if (told.full) { note(say("full", {most: told.full}), true); close(); return; }
      if (told.id) { token = told.id; begin(); if (andGo) ask({go: {on: true}}); return; }
      if (told.error) { note(told.error, true); close(); return; }
      take(told);
    };
    stream.onerror = lost;
  }

  function close() {
    stream?.close();
    stream = token = null;
    connected = false;
    setRunning(false);
  }

  function lost() {
    if (!connected) return;
    close();
    note(say("lost"), true);
  }

  function setRunning(on) {
    running = on;
    const button = find("[data-do=go]");
    button.textContent = say(on ? "pause" : "run");
    button.setAttribute("aria-pressed", on);
  }

  function take(told) {
    if (told.refused) note(told.refused, true);
    else if (told.scene) note("");
    if (told.scene) scene = Live.unpackScene(told.scene);
    if (told.recipes) told.recipes.forEach(showRecipe);
    if (!told.frames) return;
    setRunning(told.runs);
    told.frames.forEach((json, i) => {
      const panel = panels[i], wrong = panel.querySelector(".pw-wrong");
      wrong.hidden = !json.wrong;
      if (json.wrong) { wrong.textContent = say("diverged", {why: json.wrong}); return; }
      latest[i] = Live.unpackFrame(json, scene.extent);
      remember(curves[i], latest[i].numbers, told.exact);
    });
    seen.push(performance.now());
    if (seen.length > 20) seen.shift();
    state.pictures = +(state.pictures || 0) + 1;
    requestAnimationFrame(() => draw(told.exact));
  }

  // a point of the curves at each exact W1; every second one is forgotten when there are many. Step 0 begins anew: its points
  // may be others than before
  function remember(curve, numbers, exact) {
    const last = curve.steps.at(-1);
    if (numbers.step === 0 || numbers.step < last) { curve.steps = []; curve.w1 = []; curve.estimate = []; }
    if (!exact || numbers.step === curve.steps.at(-1)) return;
    curve.steps.push(numbers.step); curve.w1.push(numbers.w1); curve.estimate.push(numbers.estimate);
    if (curve.steps.length > POINTS) for (const key of ["steps", "w1", "estimate"]) curve[key] = curve[key].filter((_, i) => i % 2 === 0);
  }

  function draw(withCurves = true) {
    if (!scene || !find("canvas").clientWidth) return;
    panels.forEach((panel, i) => {
      const frame = latest[i];
      if (!frame) return;
      Live.drawPanel(panel.querySelector(".pw-plane"), frame, {
        scene, surface: find("[name=surface]").checked, arrows: find("[name=arrows]").checked,
      });
      showNumbers(panel, frame.numbers);
      if (withCurves) drawCurves(panel, curves[i]);
    });
    const step = latest[0]?.numbers.step ?? 0;
    const rate = seen.length > 1 && running ? 1000 * (seen.length - 1) / (seen.at(-1) - seen[0]) : 0;
    state.step = step;
    state.rate = rate.toFixed(1);
    find(".pw-step").textContent = say("at_step", {step: step.toLocaleString("en")});
    find(".pw-rate").textContent = rate ? say("rate", {rate: rate.toFixed(0)}) : "";
  }

  function drawCurves(panel, curve) {
    const plots = [
      {label: say("name_w1"), colour: Live.COLOURS.w1, steps: curve.steps, values: curve.w1, baseline: scene.w1_real},
      {label: say("estimate"), colour: Live.COLOURS.estimate, steps: curve.steps, values: curve.estimate},
    ];
    Live.drawCurves(panel.querySelector(".pw-curves"), plots, {xLabel: say("steps_axis"), height: 58});
  }

  function showNumbers(panel, n) {
    const percent = value => `${(100 * value).toFixed(0)} %`;
    const rows = {
      w1: [Live.short(n.w1), say("real", {value: Live.short(scene.w1_real)})],
      estimate: [Live.short(n.estimate), "slope" in n && n.slope ? say("scaled", {value: Live.short(n.estimate / n.slope)}) : ""],
      modes: "modes_found" in n ? [n.modes_found, say("good", {value: percent(n.good_share)})] : null,
      clipped: ["clipped_share" in n ? percent(n.clipped_share) : "–", ""],
      chances: ["d_real" in n ? `${n.d_real.toFixed(2)} / ${n.d_fake.toFixed(2)}` : "–", ""],
      slope: [Live.short(n.slope), ""],
    };
    for (const [name, row] of Object.entries(rows)) {
      const place = panel.querySelector(`[data-number=${name}]`);
      place.hidden = !row;
      if (row) [place.querySelector("b").textContent, place.querySelector("small").textContent] = row;
    }
  }

  // sliders go by the logarithm where the setting does
  const toSlider = (input, value) => input.dataset.log ? Math.log10(value) : value;
  const fromSlider = input => input.dataset.log ? +(10 ** input.value).toPrecision(3) : +input.value;

  function showRecipe(recipe, i) {
    const panel = panels[i];
    for (const input of panel.querySelectorAll("input[data-setting]")) {
      const value = recipe[input.dataset.setting], row = input.closest("label");
      row.hidden = value === null;
      if (value === null || input === document.activeElement) continue;
      input.value = toSlider(input, value);
      row.querySelector("output").textContent = Live.short(value);
    }
    const momentum = recipe.optimizer === "adam" ? ` β₁ ${recipe.beta1}` : "";
    panel.querySelector(".pw-sub").textContent = `${say(recipe.objective)} · ${recipe.optimizer}${momentum}`;
    if (i === 0) {
      const thrown = all("[data-switch]").filter(box => box.checked).map(box => box.dataset.switch);
      const every = all("[data-switch]").length;
      panel.querySelector("h3").textContent = thrown.length === every ? say("all_four")
        : [panel.dataset.name, ...thrown.map(name => say(`short_${name}`))].join(" + ");
    }
  }

  const does = {
    go: () => connected ? ask({go: {on: !running}}) : connect(true),
    step: () => connected ? ask({step: {}}) : connect(),
    reset: () => connected ? ask({reset: {}}) : connect(),
  };
  for (const button of all("[data-do]")) button.addEventListener("click", () => does[button.dataset.do]());
  for (const name of ["data", "seed"]) find(`[name=${name}]`).addEventListener("change", begin);
  for (const name of ["latent", "batch_size", "batch_norm"]) find(`[name=${name}]`).addEventListener("change", () => ask({change: shared()}));
  find("[name=slowly]").addEventListener("change", event => ask({pace: {slowly: event.target.checked}}));
  for (const name of ["surface", "arrows"]) find(`[name=${name}]`).addEventListener("change", () => draw());
  for (const box of all("[data-switch]")) box.addEventListener("change", () => {
    ask({switch: {thrown: all("[data-switch]").filter(each => each.checked).map(each => each.dataset.switch)}});
  });
  panels.forEach((panel, i) => {
    for (const input of panel.querySelectorAll("input[data-setting]")) input.addEventListener("input", () => {
      const value = fromSlider(input);
      input.closest("label").querySelector("output").textContent = Live.short(value);
      ask({change: {of: i, [input.dataset.setting]: value}});
    });
  });
  find(".pw-gradient").style.background = Live.GRADIENT;
  new IntersectionObserver(entries => { if (entries.some(entry => entry.isIntersecting)) { connect(); draw(); } }).observe(find(".pw-watch"));
  addEventListener("resize", () => draw());
};
