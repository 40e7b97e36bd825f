// Tags at the speed of the keyboard: a digit or the letters of a label turn a tag on or off, u takes it back.
import { onKey, refresh, say, send } from "./common.js";

// What is asked for happens in turn, so that no key that is pressed quickly is lost.
let busy = Promise.resolve();

function queued(act) { busy = busy.then(act, act); return busy; }

async function changed(form, extra, words) {
  const to = await send(form, extra);
  const typed = document.getElementById("filter").value;
  await refresh(location.href, [".tags", ".verdict", "#undo"]);
  wire();
  narrowed(typed);
  if (to !== null) say(words);
}

function byColumn(column) {
  return document.querySelector(`.tags form input[name=column][value="${column}"]`)?.form.querySelector("button");
}

function toggle(column) {
  queued(() => {
    const button = byColumn(column);
    if (!button) return null;
    const row = button.closest("tr"), now = button.value;
    const asked = changed(button.form, { now }, `${row.dataset.label} is ${now} now. u takes it back.`);
    // Shown at once; what the server answers takes its place.
    row.classList.add("pending");
    button.textContent = now;
    return asked;
  });
}

function undo() { queued(() => changed(document.getElementById("undo"), {}, "The last correction was taken back.")); }

// The neighbours are shown without loading the page again.
async function show(address) {
  if (!(await refresh(address))) { location.href = address; return; }
  wire();
}

function follow(id) {
  queued(async () => {
    const link = document.getElementById(id);
    if (!link) return;
    await show(link.href);
    history.pushState(null, "", link.href);
  });
}

function narrowed(text) {
  const letters = text.toLowerCase();
  for (const row of document.querySelectorAll(".tags tbody tr")) row.hidden = !row.dataset.label.toLowerCase().includes(letters);
}

function chosen(event) {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const row = [...document.querySelectorAll(".tags tbody tr")].find((one) => !one.hidden);
  if (!row) return;
  event.target.value = "";
  narrowed("");
  toggle(row.querySelector("[name=column]").value);
}

function wire() {
  const filter = document.getElementById("filter");
  filter.oninput = () => narrowed(filter.value);
  filter.onkeydown = chosen;
  for (const form of document.querySelectorAll(".tags form")) {
    form.onsubmit = (event) => { event.preventDefault(); toggle(form.querySelector("[name=column]").value); };
  }
  document.getElementById("undo").onsubmit = (event) => { event.preventDefault(); undo(); };
  for (const id of ["previous", "next"]) {
    const link = document.getElementById(id);
    if (link) link.onclick = (event) => { event.preventDefault(); follow(id); };
  }
  const next = document.getElementById("next");
  if (next?.dataset.src) new Image().src = next.dataset.src;
}

for (let digit = 1; digit <= 9; digit += 1) onKey(String(digit), () => toggle(digit - 1));
onKey("u", undo);
onKey("ArrowRight", () => follow("next"));
onKey("ArrowLeft", () => follow("previous"));
onKey("Escape", () => queued(() => document.getElementById("back")?.click()));
addEventListener("popstate", () => queued(() => show(location.href)));
wire();
