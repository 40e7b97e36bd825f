// Tags at the speed of the keyboard: a digit or the letters of a label turn a tag on or off, u takes it back.
import { onKey, refresh, say, send } from "./common.js";

// What is asked for happens in turn, so that no key that is pressed quickly is lost.
let busy = Promise.resolve();

function queued(act) { busy = busy.then(act, act); return busy; }

async function changed(form, extra, words) {
  const to = await send(form, extra);
  const typed = document.getElementById("filter").value;
  await refresh(location.href, [".tags", ".verdict", "#review", "#undo"]);
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

function answered(id) {
  queued(() => {
    const form = document.getElementById(id);
    return form && changed(form, {}, "u takes it back.");
  });
}

// Similar pictures are computed when they are asked for, and then shown for every picture until they are closed.
const NEAR = "tagfit-near", FEW = 6, AGAIN = 1000;

async function near() {
  const link = document.getElementById("similar"), box = document.getElementById("near");
  if (!link || !sessionStorage.getItem(NEAR)) return;
  const answer = await fetch(link.href, { headers: { accept: "text/html" } });
  if (!box.isConnected) return;
  const other = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (answer.status === 202) {
    say(other.querySelector(".verdict").textContent);
    setTimeout(() => box.isConnected && near(), AGAIN);
    return;
  }
  const found = other.querySelector("main .pictures") ?? other.querySelector(".verdict");
  for (const one of [...found.children].slice(FEW)) one.remove();
  box.querySelector(".pictures, .verdict")?.remove();
  box.append(document.adoptNode(found));
}

function toggleNear() {
  if (sessionStorage.getItem(NEAR)) {
    sessionStorage.removeItem(NEAR);
    document.querySelector("#near .pictures")?.remove();
  } else {
    sessionStorage.setItem(NEAR, "on");
    near();
  }
}

// The neighbours in the view are shown without loading the page again.
async function show(address) {
  if (!(await refresh(address))) { location.href = address; return; }
  wire();
  near();
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
  for (const form of document.querySelectorAll("#review form")) {
    form.onsubmit = (event) => { event.preventDefault(); answered(form.id); };
  }
  document.getElementById("similar").onclick = (event) => { event.preventDefault(); toggleNear(); };
  const next = document.getElementById("next");
  if (next?.dataset.src) new Image().src = next.dataset.src;
}

for (let digit = 1; digit <= 9; digit += 1) onKey(String(digit), () => toggle(digit - 1));
onKey("u", undo);
onKey("a", () => answered("accept"));
onKey("r", () => answered("reject"));
onKey("e", () => answered("nothing-else"));
onKey("s", toggleNear);
onKey("ArrowRight", () => follow("next"));
onKey("ArrowLeft", () => follow("previous"));
onKey("Escape", () => queued(() => document.getElementById("back")?.click()));
addEventListener("popstate", () => queued(() => show(location.href)));
wire();
near();
