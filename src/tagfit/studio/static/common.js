// What every page has: help, single keys that can be switched off, copying, and changes without a reload.
const KEYS = "tagfit-keys";

export const data = JSON.parse(document.getElementById("data").textContent);
const help = document.getElementById("help");
const box = document.getElementById("keys-on");
const handlers = new Map();
const quick = document.getElementById("quick"), quickText = document.getElementById("quick-text");

export function onKey(key, act) { handlers.set(key, act); }

export function say(text) {
  const status = document.getElementById("status");
  status.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { status.textContent = ""; }, 4000);
}

export function make(name, attributes = {}, text = "") {
  const found = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  if (text) found.textContent = text;
  return found;
}

// Sends a form; gives the address that the server answers with, or null after it said what is wrong.
export async function send(form, extra = {}) {
  const body = new URLSearchParams(new FormData(form));
  for (const [name, value] of Object.entries(extra)) body.set(name, value);
  const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
  const found = await answer.json().catch(() => null);
  if (!answer.ok) { say(found?.verdict?.sentence ?? `The server answers ${answer.status}.`); return null; }
  return found.to;
}

// Takes the content of an address into this page without losing what is focused or scrolled.
export async function refresh(address = location.href, selectors = ["main"]) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (answer.status !== 200) return false;
  const other = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = other.title;
  for (const selector of selectors) {
    const [mine, theirs] = [document.querySelector(selector), other.querySelector(selector)];
    if (mine && theirs) mine.replaceWith(document.adoptNode(theirs));
  }
  wire();
  return true;
}

function wire() {
  for (const button of document.querySelectorAll("button.copy")) {
    button.onclick = async () => {
      try { await navigator.clipboard.writeText(button.dataset.text); say(button.dataset.done); } catch { say(button.dataset.refused); }
    };
  }
  if (quickText.value) narrow();
  const twin = document.getElementById("twin");
  const path = location.pathname === "/" ? "/index" : location.pathname;
  if (twin) twin.href = `${path}.json${location.search}`;
}

function shown() { if (!help.open) help.showModal(); }

document.getElementById("help-button").onclick = shown;
box.checked = localStorage.getItem(KEYS) !== "off";
box.onchange = () => localStorage.setItem(KEYS, box.checked ? "on" : "off");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  const typing = event.target.matches("input:not([type=range]):not([type=checkbox]), select, textarea");
  if (event.key === "Escape" && typing) { event.target.blur(); return; }
  if (typing || (!box.checked && event.key.length === 1)) return;
  if (event.key === "?") { event.preventDefault(); shown(); return; }
  const act = handlers.get(event.key);
  if (act && act(event) !== false) event.preventDefault();
});

// "/" leads to the filter that a page has of its own, or shows one that leaves the rows, findings and pictures with some letters.

function narrow() {
  const letters = quickText.value.toLowerCase();
  for (const one of document.querySelectorAll("main tbody tr, main article, main .pictures figure")) {
    one.hidden = !one.textContent.toLowerCase().includes(letters);
  }
}

onKey("/", () => {
  const own = document.getElementById("filter") ?? document.getElementById("label");
  if (!own) quick.hidden = false;
  (own ?? quickText).focus();
});
quickText.oninput = narrow;
quickText.addEventListener("blur", () => { quick.hidden = quickText.value === ""; });
// A form of many fields asks with those that say something, so that its address stays short.
for (const form of document.querySelectorAll("form:has(details.more)")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
}
for (const select of document.querySelectorAll(".filters select")) select.addEventListener("change", () => select.form.requestSubmit());
wire();
