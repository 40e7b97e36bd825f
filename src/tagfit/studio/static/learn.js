// An answer may start a training of some seconds: the page says how far it is, and draws its curves meanwhile.
import { data, make, say } from "./common.js";

const form = document.getElementById("answer");
const news = document.getElementById("news");
const [WIDTH, HEIGHT, POLL] = [300, 90, 300];

function line(points, most, name) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  const high = Math.max(...most.map((one) => Math.max(one.train, one.validation ?? 0)), 1e-9);
  path.setAttribute("class", `curve ${name}`);
  path.setAttribute("points", points.map((value, i) => `${(WIDTH * (i + 1)) / most[0].count},${HEIGHT - (HEIGHT * value) / high}`).join(" "));
  return path;
}

function drawn(epochs) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("class", "live");
  svg.setAttribute("aria-hidden", "true");
  svg.append(line(epochs.map((one) => one.train), epochs, "one"));
  if (epochs[0].validation !== null) svg.append(line(epochs.map((one) => one.validation), epochs, "two"));
  return svg;
}

async function watch(open) {
  while (open.now) {
    await new Promise((done) => { setTimeout(done, POLL); });
    const answer = await fetch(data.live).catch(() => null);
    const epochs = answer?.ok ? await answer.json() : [];
    if (!open.now || !epochs.length) continue;
    const last = epochs.at(-1);
    const words = data.training.replace("{epoch}", last.epoch).replace("{count}", last.count);
    news.replaceChildren(make("span", {}, words), drawn(epochs));
  }
}

if (form && data.live) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const open = { now: true };
    const button = form.querySelector("button");
    const body = new URLSearchParams(new FormData(form));
    button.disabled = true;
    news.textContent = data.waiting;
    watch(open);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
      const found = await answer.json().catch(() => null);
      if (answer.ok) { location.href = found.to; return; }
      say(found?.verdict?.sentence ?? `${answer.status}`);
      news.textContent = found?.verdict?.sentence ?? "";
    } finally {
      open.now = false;
      button.disabled = false;
    }
  });
}
// A screen reader reads what the answer led to: with the button to go on, or where the question is asked again.
const [onward, outcome] = ["continue", "outcome"].map((id) => document.getElementById(id));
if (onward) onward.focus();
else if (outcome) { outcome.tabIndex = -1; outcome.focus(); }
