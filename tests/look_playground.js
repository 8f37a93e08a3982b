// For tests/test_playground.py. In the page: used as a person would, what is found told to the page around it; in that page: what it is told.
(() => {  // its names are not the page's
const WRONG = [];

function look() {
  const width = document.documentElement.clientWidth;
  const note = (what, e) => WRONG.push(`${what}: ${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 40)}`);
  if (document.documentElement.scrollWidth > width) WRONG.push("the page is wider than the screen");
  for (const e of document.querySelectorAll("body *")) {
    if (!e.getClientRects().length || e.closest("script, svg, details")) continue;
    const box = e.getBoundingClientRect();
    if (box.left < -1 || box.right > width + 1) note("outside", e);
    if (getComputedStyle(e).display !== "inline" && e.clientWidth && e.scrollWidth > e.clientWidth + 1) note("wider than its box", e);
  }
}

const all = selector => [...document.querySelectorAll(selector)];
const hash = text => [...text].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 4294967291, 7);
const pictures = () => all("#panels canvas").map(canvas => hash(canvas.toDataURL()));
const click = selector => document.querySelector(selector).click();
const shown = () => ({step: document.getElementById("step").textContent, numbers: all("#panels dl").map(list => list.textContent)});

const channel = new MessageChannel();
const turn = () => new Promise(done => {
  channel.port1.onmessage = done;
  channel.port2.postMessage(0);
});
async function frame() {  // until the next picture; idle, the browser's virtual time would run out
  let drawn = false;
  requestAnimationFrame(() => { drawn = true; });
  for (let i = 0; i < 1e5 && !drawn; i++) await turn();
}
let last = null;
async function settled() {  // other panels are there: recordings are unpacked when they are asked for, which takes no virtual time
  const panel = () => document.querySelector("#panels canvas");
  for (let i = 0; i < 1e5 && (!panel() || panel() === last); i++) await turn();
  last = panel();
}

async function walk() {
  await settled();
  const found = {width: document.documentElement.clientWidth, playing: document.getElementById("play").classList.contains("on")};
  if (found.playing) click("#play");
  const slider = document.getElementById("time"), move = value => {
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
  };
  move(0);
  found.first = {...shown(), pictures: pictures()};
  click("#play");
  for (let i = 0; i < 2000 && slider.value < 2; i++) await frame();
  click("#play");
  found.played = {at: +slider.value, ...shown(), pictures: pictures()};
  for (let i = 0; i < 10; i++) await frame();
  found.paused = +slider.value;
  move(slider.max);
  found.last = {...shown(), pictures: pictures()};
  found.crisp = all("#panels canvas").every(canvas => canvas.width >= Math.floor(canvas.clientWidth * devicePixelRatio));
  look();
  found.sets = {};
  for (const button of all("[data-set]")) {
    button.click();
    await settled();
    found.sets[button.dataset.set] = {pictures: pictures(), titles: all("#panels figcaption b").length, told: all("#told p").length};
  }
  click("[data-view=switches]");
  await settled();
  found.switches = {};
  const pressed = () => all("[role=switch]").map(button => button.getAttribute("aria-checked") === "true" ? 1 : 0).join("");
  for (const button of [null, ...all("[role=switch]")]) {  // one after the other
    button?.click();
    if (button) await settled();
    found.switches[pressed()] = pictures();
  }
  look();
  click("[data-language=zh]");
  look();
  click("[data-view=models]");
  await settled();
  look();
  found.languages = [...new Set(all("span[lang]").filter(e => e.getClientRects().length).map(e => e.lang))];
  parent.postMessage({...found, wrong: [...new Set(WRONG)]}, "*");
}

if (parent === window) {
  const found = [];
  addEventListener("message", event => {
    found.push(event.data);
    document.getElementById("found").textContent = JSON.stringify(found);
  });
} else {
  addEventListener("error", event => WRONG.push("error: " + event.message));
  addEventListener("unhandledrejection", event => WRONG.push("rejected: " + event.reason));
  console.error = console.warn = (...words) => WRONG.push("console: " + words.join(" "));
  addEventListener("load", () => walk().catch(error => parent.postMessage({wrong: [String(error)]}, "*")));
}
})();
