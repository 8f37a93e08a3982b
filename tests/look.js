// For tests/test_report_browser.py. In the page: what does not fit, told to the page around it; in that page: what it is told.
const WRONG = [];

function look() {
  const width = document.documentElement.clientWidth;
  const note = (what, e) => WRONG.push(`${what}: ${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 40)}`);
  if (document.documentElement.scrollWidth > width) WRONG.push("the page is wider than the screen");
  for (const e of document.querySelectorAll("body *")) {
    if (!e.getClientRects().length || e.closest("script, svg")) continue;
    const box = e.getBoundingClientRect();
    if (box.left < -1 || box.right > width + 1) note("outside", e);
    if (getComputedStyle(e).display !== "inline" && e.clientWidth && e.scrollWidth > e.clientWidth + 1) note("wider than its box", e);
  }
  for (const svg of document.querySelectorAll(".plot svg")) {
    const box = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll("text")) {
      const own = text.getBoundingClientRect();
      const inside = own.left >= box.left - 1 && own.right <= box.right + 1 && own.top >= box.top - 1 && own.bottom <= box.bottom + 1;
      if (!inside) note("cut", text);
    }
  }
  const count = selector => document.querySelectorAll(selector).length;
  const shown = [...document.querySelectorAll("span[lang]")].filter(e => e.getClientRects().length).map(e => e.lang);
  return {
    width, wrong: [...new Set(WRONG)], languages: [...new Set(shown)], charts: count("figure.chart"), plots: count(".plot svg"),
    paths: count(".plot svg path"), buttons: count(".save button"),
  };
}

function walk() {
  const found = {english: look()};
  document.querySelector("[data-language=zh]").click();
  document.querySelector("input[name=axis][value=minutes]").click();
  found.chinese = look();
  const widths = () => [...new Set([...document.querySelectorAll(".plot svg")].map(svg => +svg.getAttribute("width")))];
  dispatchEvent(new Event("beforeprint"));
  found.printed = widths();
  dispatchEvent(new Event("afterprint"));
  found.after = Math.max(...widths());
  const slider = document.getElementById("time");
  slider.value = 0;
  slider.dispatchEvent(new Event("input"));
  found.step = document.querySelector(".at-step").textContent;
  HTMLAnchorElement.prototype.click = function () { found.saved = {file: this.download, picture: decodeURIComponent(this.href).slice(0, 400)}; };
  document.querySelector(".save button").click();
  parent.postMessage(found, "*");
}

if (parent === window) {
  const found = [];
  addEventListener("message", event => {
    found.push(event.data);
    document.getElementById("found").textContent = JSON.stringify(found);
  });
} else {
  addEventListener("error", event => WRONG.push("error: " + event.message));
  console.error = console.warn = (...words) => WRONG.push("console: " + words.join(" "));
  addEventListener("load", walk);
}
