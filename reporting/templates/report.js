// the slider: the same moment of training in every grid
function showFrames() {
  const k = +document.getElementById("time").value;
  for (const figure of document.querySelectorAll("figure[data-run]")) {
    const run = figure.dataset.run, grid = GRIDS[run][k];
    if (!grid) continue;
    const picture = figure.querySelector("img");
    if (picture && FRAMES[run][k]) picture.src = FRAMES[run][k];
    figure.querySelector(".at-step").textContent = grid.step.toLocaleString("en");
    const s = Math.round(grid.minutes * 60), two = n => String(n).padStart(2, "0");
    figure.querySelector(".at-time").textContent = Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
  }
}

function speak(chosen) {
  document.documentElement.lang = chosen;
  for (const button of document.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", button.dataset.language === chosen);
  drawCharts();
}

for (const button of document.querySelectorAll("[data-language]")) button.addEventListener("click", () => speak(button.dataset.language));
for (const input of document.querySelectorAll("input[name=axis]")) input.addEventListener("change", drawCharts);
document.getElementById("time")?.addEventListener("input", showFrames);
speak(language());

// plots follow the width of the page, and that of the paper
let waiting;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(drawCharts, 100); });
addEventListener("beforeprint", () => { document.body.classList.add("printing"); drawCharts(); });
addEventListener("afterprint", () => { document.body.classList.remove("printing"); drawCharts(); });
