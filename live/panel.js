// Drawing of a live training, for the app and the playground: no library, no network. JSON of live/packing.py comes in by unpackScene
// and unpackFrame; drawPanel shows the plane, drawCurves what was measured. Lengths are CSS pixels, crisp on any screen.
const Live = (() => {
  const GRID = 33, ARROWS = 11, FIRST = 1, EVERY = 3;  // live/session.py
  const LEVELS = 4095;  // live/packing.py
  const FINE = 4;  // pixels of the surface from one point of the grid to the next
  const LOW = [64, 112, 176], MIDDLE = [248, 247, 242], HIGH = [222, 160, 60];  // told apart by any eye: blue, almost white, ochre
  const COLOURS = {real: "#3d4248", sample: "#c2185b", ink: "#23272b", soft: "#6b7278", line: "#d9dcdf", w1: "#23272b", estimate: "#0b7a75"};
  const FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";

  // 256 colours from low over the middle to high
  const MAP = Array.from({length: 256}, (_, i) => {
    const t = Math.abs(i - 127.5) / 127.5, end = i < 127.5 ? LOW : HIGH;
    return MIDDLE.map((from, k) => from + (end[k] - from) * t ** 0.85);
  });

  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));

  function points(raw, extent) {  // Uint16Array → Float32Array x, y, x, y …
    return Float32Array.from(raw, v => (v / LEVELS * 2 - 1) * extent);
  }

  function unpackScene(json) {
    return {...json, real: points(new Uint16Array(bytes(json.real).buffer), json.extent)};
  }

  // json: of live/packing.py, or the same with whole numbers in typed arrays in place of the texts
  function unpackFrame(json, extent) {
    const samples = typeof json.samples === "string" ? new Uint16Array(bytes(json.samples).buffer) : json.samples;
    const surface = typeof json.surface === "string" ? bytes(json.surface) : json.surface;
    const arrows = typeof json.arrows === "string" ? new Int8Array(bytes(json.arrows).buffer) : json.arrows;
    return {
      numbers: json.numbers,
      samples: points(samples, extent),
      surface: Float32Array.from(surface, v => json.low + v / 255 * (json.high - json.low)),
      arrows: Float32Array.from(arrows, v => v / 127 * json.longest),
    };
  }

  // the way from frame a to frame b: t in [0, 1]. Everything moves in straight lines
  function between(a, b, t) {
    if (t <= 0 || !b) return a;
    const mix = key => a[key].map((v, i) => v + (b[key][i] - v) * t);
    return {numbers: a.numbers, samples: mix("samples"), surface: mix("surface"), arrows: mix("arrows")};
  }

  // ctx of a canvas as wide as its box and so high, whose unit is the CSS pixel; cleared
  function prepared(canvas, height) {
    const width = canvas.clientWidth || 300, ratio = window.devicePixelRatio || 1;
    const wanted = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wanted[0] || canvas.height !== wanted[1]) [canvas.width, canvas.height] = wanted;
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    return ctx;
  }

  function at(surface, x, y) {  // bilinear; x, y in units of the grid
    const i = Math.min(GRID - 2, Math.max(0, Math.floor(x))), j = Math.min(GRID - 2, Math.max(0, Math.floor(y)));
    const u = Math.min(1, Math.max(0, x - i)), v = Math.min(1, Math.max(0, y - j)), k = j * GRID + i;
    return (surface[k] * (1 - u) + surface[k + 1] * u) * (1 - v) + (surface[k + GRID] * (1 - u) + surface[k + GRID + 1] * u) * v;
  }

  function meanAt(surface, places, extent) {
    let sum = 0;
    for (let i = 0; i < places.length; i += 2) {
      sum += at(surface, (places[i] / extent + 1) / 2 * (GRID - 1), (places[i + 1] / extent + 1) / 2 * (GRID - 1));
    }
    return sum / (places.length / 2);
  }

  // {middle, below, above}: what the middle colour stands for, and how far below and above it the colours go on changing: over nine
  // tenths of the values on that side. The middle of a GAN's critic is 0, where it cannot decide; any other f is known up to a
  // constant, and the middle is between f on real points and f on samples.
  function scale(frame, scene) {
    const middle = "d_real" in frame.numbers ? 0
      : (meanAt(frame.surface, scene.real, scene.extent) + meanAt(frame.surface, frame.samples, scene.extent)) / 2;
    const far = sign => {
      const values = frame.surface.map(v => sign * (v - middle)).filter(v => v > 0).sort();
      return values[Math.floor(values.length * 0.9)] || 0;
    };
    const below = far(-1), above = far(1);  // a side that is hardly there is not blown up
    return {middle, below: Math.max(below, above / 4, 1e-30), above: Math.max(above, below / 4, 1e-30)};
  }

  function drawSurface(ctx, size, surface, {middle, below, above}) {
    const side = (GRID - 1) * FINE, image = new ImageData(side, side), data = image.data;
    for (let row = 0, o = 0; row < side; row++) {
      const y = (side - row - 0.5) / FINE;  // the first row of pixels is the highest y
      for (let column = 0; column < side; column++, o += 4) {
        const value = at(surface, (column + 0.5) / FINE, y) - middle;
        const colour = MAP[Math.min(255, Math.max(0, Math.round(127.5 + 127.5 * value / (value < 0 ? below : above))))];
        data[o] = colour[0]; data[o + 1] = colour[1]; data[o + 2] = colour[2]; data[o + 3] = 255;
      }
    }
    const small = document.createElement("canvas");
    small.width = small.height = side;
    small.getContext("2d").putImageData(image, 0, 0);
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(small, 0, 0, size, size);
  }

  // level lines by marching squares
  function drawLevels(ctx, size, surface, {middle, below, above}) {
    const step = size / (GRID - 1);
    ctx.lineWidth = 0.8;
    for (let n = -4; n <= 4; n++) {
      const level = middle + n / 4 * (n < 0 ? below : above);
      ctx.strokeStyle = n ? "rgba(35, 39, 43, 0.13)" : "rgba(35, 39, 43, 0.38)";
      ctx.beginPath();
      for (let j = 0; j < GRID - 1; j++) for (let i = 0; i < GRID - 1; i++) {
        const k = j * GRID + i, corners = [[i, j, surface[k]], [i + 1, j, surface[k + 1]], [i + 1, j + 1, surface[k + GRID + 1]], [i, j + 1, surface[k + GRID]]];
        const cuts = [];
        corners.forEach(([x, y, v], c) => {
          const [x2, y2, v2] = corners[(c + 1) % 4];
          if ((v < level) !== (v2 < level)) {
            const t = (level - v) / (v2 - v);
            cuts.push([(x + (x2 - x) * t) * step, size - (y + (y2 - y) * t) * step]);
          }
        });
        for (let c = 0; c + 1 < cuts.length; c += 2) {
          ctx.moveTo(...cuts[c]);
          ctx.lineTo(...cuts[c + 1]);
        }
      }
      ctx.stroke();
    }
  }

  function drawArrows(ctx, size, arrows) {
    const cell = size / (GRID - 1), lengths = [];
    for (let i = 0; i < arrows.length; i += 2) lengths.push(Math.hypot(arrows[i], arrows[i + 1]));
    const long = [...lengths].sort((a, b) => a - b)[Math.floor(lengths.length * 0.8)] || 1e-30;
    ctx.strokeStyle = ctx.fillStyle = "rgba(35, 39, 43, 0.5)";
    ctx.lineWidth = 1;
    for (let n = 0; n < ARROWS * ARROWS; n++) {
      const x = (FIRST + EVERY * (n % ARROWS)) * cell, y = size - (FIRST + EVERY * Math.floor(n / ARROWS)) * cell;
      const length = 2.3 * cell * Math.min(1, lengths[n] / long);
      if (length < 1) continue;
      const dx = arrows[2 * n] / lengths[n], dy = -arrows[2 * n + 1] / lengths[n], head = Math.min(3.5, length / 2);
      const ends = [x + dx * length / 2, y + dy * length / 2];
      ctx.beginPath();
      ctx.moveTo(x - dx * length / 2, y - dy * length / 2);
      ctx.lineTo(...ends);
      ctx.stroke();
      ctx.beginPath();
      ctx.moveTo(...ends);
      ctx.lineTo(ends[0] - head * (dx + 0.55 * dy), ends[1] - head * (dy - 0.55 * dx));
      ctx.lineTo(ends[0] - head * (dx - 0.55 * dy), ends[1] - head * (dy + 0.55 * dx));
      ctx.fill();
    }
  }

  function drawPoints(ctx, size, places, extent, radius, filled) {
    for (let i = 0; i < places.length; i += 2) {
      ctx.beginPath();
      ctx.arc((places[i] / extent + 1) / 2 * size, (1 - places[i + 1] / extent) / 2 * size, radius, 0, 2 * Math.PI);
      if (filled) ctx.fill();
      ctx.stroke();
    }
  }

  // The plane as a square as wide as the canvas's box: the critic's surface and level lines, its gradient as arrows, real points as
  // rings, samples as dots. frame: null for the real points alone. options: {scene, surface, arrows, samples: false to leave one out}.
  // Returns scale() of what was drawn, for legend().
  function drawPanel(canvas, frame, options) {
    const {scene} = options, size = canvas.clientWidth || 300, ctx = prepared(canvas, size), dot = Math.max(1.3, size / 170);
    const drawn = frame && scale(frame, scene);
    if (frame && options.surface !== false) {
      drawSurface(ctx, size, frame.surface, drawn);
      drawLevels(ctx, size, frame.surface, drawn);
    }
    if (frame && options.arrows !== false) drawArrows(ctx, size, frame.arrows);
    ctx.strokeStyle = COLOURS.real;
    ctx.globalAlpha = 0.55;
    ctx.lineWidth = 0.9;
    drawPoints(ctx, size, scene.real, scene.extent, dot, false);
    ctx.globalAlpha = 1;
    if (frame && options.samples !== false) {
      ctx.fillStyle = COLOURS.sample;
      ctx.strokeStyle = "rgba(255, 255, 255, 0.85)";
      ctx.lineWidth = 0.6;
      drawPoints(ctx, size, frame.samples, scene.extent, dot * 1.15, true);
    }
    return drawn;
  }

  // 0.0123, 1.2·10⁻⁵, 3,000: as few signs as possible
  function short(value) {
    if (value === undefined || value === null) return "–";
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1000) return Math.round(value).toLocaleString("en");
    if (size < 1e-3) {
      const [digits, power] = value.toExponential(1).split("e-");
      return `${digits.replace("-", "−").replace(".0", "")}·10⁻${[...power].map(digit => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`;
    }
    return String(+value.toPrecision(size < 1 ? 2 : 3)).replace("-", "−");
  }

  // about `count` round numbers that reach from low to high
  function ticks(low, high, count) {
    const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find(m => m * power >= rough * 0.999), found = [];
    for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + step * 1e-9; v += step) found.push(Math.abs(v) < step * 1e-9 ? 0 : v);
    return found;
  }

  // [low, high] of an axis for values, with 0 in it and `always`. A first tenth that lies far out, as a clipped critic's first
  // estimates do, is left to run out of the plot.
  function bounds(values, always) {
    const rest = values.slice(values.length < 10 ? 0 : Math.ceil(values.length / 10));
    const ends = of => [Math.min(0, ...of), Math.max(1e-12, always, ...of)];
    const [low, high] = ends(values), [restLow, restHigh] = ends(rest), far = 2.5 * (restHigh - restLow);
    return [restLow - low > far ? restLow : low, high - restHigh > far ? restHigh * 1.15 : high];
  }

  // One plot below the other over the same axis of steps. plots: [{label, unit, colour, steps, values, baseline, baselineLabel}],
  // values may be null. options: {at: a step that is marked, until: end of the axis, xLabel, height: of one plot}
  function drawCurves(canvas, plots, options) {
    const each = options.height || 74, left = 46, right = 10, top = 20, bottom = 34, gap = 26;
    const height = top + plots.length * each + (plots.length - 1) * gap + bottom;
    canvas.style.height = height + "px";
    const ctx = prepared(canvas, height), width = (canvas.clientWidth || 300) - left - right;
    const until = options.until || Math.max(1, ...plots.flatMap(plot => plot.steps));
    const X = step => left + step / until * width;
    ctx.font = "11px " + FONT;
    ctx.textBaseline = "middle";
    plots.forEach((plot, n) => {
      const y0 = top + n * (each + gap), known = plot.values.filter(v => v !== null && v !== undefined);
      const [low, high] = bounds(known, plot.baseline || 0);
      const Y = value => y0 + each - (value - low) / (high - low) * each;
      ctx.textAlign = "left";
      ctx.fillStyle = plot.colour;
      ctx.font = "600 11px " + FONT;
      ctx.fillText(plot.label, left, y0 - 10);
      const wide = ctx.measureText(plot.label).width;
      ctx.font = "11px " + FONT;
      ctx.fillStyle = COLOURS.soft;
      if (plot.unit) ctx.fillText(plot.unit, left + wide + 6, y0 - 10);
      ctx.textAlign = "right";
      ctx.lineWidth = 1;
      for (const tick of ticks(low, high, 2.5)) {
        ctx.strokeStyle = COLOURS.line;
        line(ctx, [[left, Y(tick)], [left + width, Y(tick)]]);
        ctx.fillText(short(tick), left - 6, Y(tick));
      }
      if (plot.baseline) {
        ctx.setLineDash([2, 3]);
        ctx.strokeStyle = COLOURS.soft;
        line(ctx, [[left, Y(plot.baseline)], [left + width, Y(plot.baseline)]]);
        ctx.setLineDash([]);
      }
      ctx.strokeStyle = plot.colour;
      ctx.lineWidth = 1.6;
      ctx.lineJoin = "round";
      const placed = plot.steps.map((step, i) => [X(step), plot.values[i]]).filter(([, v]) => v !== null && v !== undefined);
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, y0 - 2, width, each + 4);
      ctx.clip();
      line(ctx, placed.map(([x, v]) => [x, Y(v)]));
      ctx.restore();
      if (options.at !== undefined) {
        ctx.strokeStyle = COLOURS.soft;
        ctx.lineWidth = 1;
        line(ctx, [[X(options.at), y0], [X(options.at), y0 + each]]);
        const last = placed.filter(([x]) => x <= X(options.at) + 0.5).pop();
        if (last && last[1] >= low && last[1] <= high) {
          ctx.fillStyle = plot.colour;
          ctx.beginPath();
          ctx.arc(last[0], Y(last[1]), 3, 0, 2 * Math.PI);
          ctx.fill();
        }
      }
    });
    const y = height - bottom;
    ctx.strokeStyle = ctx.fillStyle = COLOURS.soft;
    ctx.lineWidth = 1;
    line(ctx, [[left, y], [left + width, y]]);
    for (const tick of ticks(0, until, 3)) {
      line(ctx, [[X(tick), y], [X(tick), y + 4]]);
      ctx.textAlign = X(tick) > left + width - 12 ? "right" : "center";
      ctx.fillText(short(tick), X(tick), y + 11);
    }
    ctx.textAlign = "center";
    ctx.fillText(options.xLabel, left + width / 2, y + 26);
  }

  function line(ctx, places) {
    ctx.beginPath();
    places.forEach(([x, y], i) => i ? ctx.lineTo(x, y) : ctx.moveTo(x, y));
    ctx.stroke();
  }

  const css = colour => `rgb(${colour.map(Math.round).join(",")})`;
  const GRADIENT = `linear-gradient(90deg, ${[0, 64, 127, 191, 255].map(i => css(MAP[i])).join(", ")})`;  // of CSS, for a legend

  return {unpackScene, unpackFrame, between, drawPanel, drawCurves, scale, short, COLOURS, GRADIENT};
})();
