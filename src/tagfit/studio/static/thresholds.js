// A cut is moved here: one label's sorted scores are fetched once, and every figure is a search in them.
import { data, make, onKey, say } from "./common.js";

const SIDE = 12;
const $ = (id) => document.getElementById(id);
const [slider, box] = [$("slider"), $("cut")];
const [left, bottom, right, top] = data.frame;
let scores, truth, hits, weight, fetched = false, drawn = "", records = new Map();

async function load() {
  const buffer = await (await fetch(data.scores)).arrayBuffer();
  const n = data.known;
  let at = 0;
  let weights = null;
  if (data.weighted) { weights = new Float64Array(buffer, 0, n); at = 8 * n; }
  scores = data.float === 8 ? new Float64Array(buffer, at, n) : new Float32Array(buffer, at, n);
  truth = new Uint8Array(buffer, at + data.float * n, n);
  hits = new Float64Array(n + 1);
  weight = new Float64Array(n + 1);
  for (let i = 0; i < n; i += 1) {
    const each = weights ? weights[i] : 1;
    hits[i + 1] = hits[i] + each * truth[i];
    weight[i + 1] = weight[i] + each;
  }
  fetched = true;
  show(Number(box.value), false);
}

// How many scores are above a cut; they are sorted from the highest down.
function above(cut) {
  let [low, high] = [0, scores.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores[middle] > cut) low = middle + 1; else high = middle;
  }
  return low;
}

export function counts(cut) {
  const place = above(cut), n = scores.length;
  const tp = hits[place], fp = weight[place] - tp, fn = hits[n] - tp;
  return { place, tp, fp, fn, tn: weight[n] - tp - fp - fn };
}

function show(cut, keep = true) {
  if (!fetched || !(cut >= 0 && cut <= 1)) return;
  const found = counts(cut);
  const { tp, fp, fn } = found;
  const precision = tp + fp ? tp / (tp + fp) : fn ? 0 : NaN, recall = tp + fn ? tp / (tp + fn) : NaN;
  const f1 = 2 * tp + fp + fn ? (2 * tp) / (2 * tp + fp + fn) : NaN;
  for (const name of ["tp", "fp", "fn", "tn"]) $(name).textContent = String(found[name]);
  for (const [name, value] of Object.entries({ precision, recall, f1 })) $(name).textContent = Number.isNaN(value) ? "–" : value.toFixed(3);
  document.querySelector(".verdict").textContent = `${data.label} at a cut of ${Number(cut.toPrecision(4))} on ${data.split}: F1 ${$("f1").textContent}` +
    (data.best === null ? "." : `; the best F1 is at ${Number(data.best.toPrecision(4))}.`);
  const dot = document.querySelector("circle.mark");
  if (dot) {
    dot.setAttribute("cx", left + (right - left) * (recall || 0));
    dot.setAttribute("cy", bottom + (top - bottom) * (precision || 0));
  }
  for (const field of document.querySelectorAll("form.action input[name=cut]")) field.value = cut;
  strips(found.place, cut);
  if (keep) history.replaceState(null, "", `?label=${encodeURIComponent(data.label_value)}&cut=${cut}`);
}

function set(cut) { slider.value = cut; box.value = cut; show(cut); }

function strips(place, cut) {
  const key = `${place}`;
  if (key === drawn) return;
  drawn = key;
  strip($("above"), Array.from({ length: Math.min(SIDE, place) }, (_, i) => place - 1 - i), cut, true);
  strip($("below"), Array.from({ length: Math.min(SIDE, scores.length - place) }, (_, i) => place + i), cut, false);
}

// The pictures at places of the sorted view; each from the sheet that holds it.
function strip(to, places, cut, predicted) {
  const query = `label=${encodeURIComponent(data.label_value)}&sort=high`;
  while (to.children.length < places.length) to.append(make("a"));
  while (to.children.length > places.length) to.lastChild.remove();
  places.forEach((place, i) => {
    const one = to.children[i];
    const number = Math.floor(place / data.on_a_sheet), at = place % data.on_a_sheet;
    if (data.pictures) {
      one.style.backgroundImage = `url("${data.at}/sheets/${number}.jpg?${query}&v=${data.version}")`;
      one.style.backgroundPosition = `-${(at % data.across) * data.side}px -${Math.floor(at / data.across) * data.side}px`;
    }
    const right = Boolean(truth[place]) === predicted;
    one.className = right ? "hit" : "slip";
    const words = `${scores[place].toFixed(3)} ${truth[place] ? "tagged" : "not tagged"}`;
    one.replaceChildren(make("span", {}, words));
    one.href = "#";
    one.onclick = (event) => { event.preventDefault(); open(place, query); };
  });
}

async function open(place, query) {
  if (!records.has(place)) {
    const found = await (await fetch(`${data.at}/rows.json?${query}&from=${place}&count=1`)).json();
    records.set(place, found.rows[0]?.row);
  }
  location.href = `${data.at}/pictures/${records.get(place)}?${query}&cut=${box.value}`;
}

// The lowest cut whose precision is at least `wanted`.
function atLeast(wanted) {
  for (let i = scores.length; i > 0; i -= 1) {
    const ends = i === scores.length || scores[i] < scores[i - 1];
    if (ends && hits[i] / weight[i] >= wanted) return i === scores.length ? 0 : scores[i];
  }
  return null;
}

function step(way) {
  const place = counts(Number(box.value)).place;
  const to = way > 0 ? place - 1 : place;
  if (to < 0 || to >= scores.length) return;
  set(way > 0 ? scores[to] : to + 1 < scores.length ? (scores[to] + nextBelow(to)) / 2 : 0);
}

function nextBelow(place) {
  let at = place;
  while (at < scores.length && scores[at] === scores[place]) at += 1;
  return at < scores.length ? scores[at] : 0;
}

slider.addEventListener("input", () => { box.value = slider.value; show(Number(slider.value)); });
box.addEventListener("input", () => { slider.value = box.value; show(Number(box.value)); });
$("best").onclick = () => data.best !== null && set(data.best);
$("at-least-go").onclick = () => {
  const found = atLeast(Number($("at-least").value));
  if (found === null) say("No cut reaches this precision."); else set(found);
};
onKey("[", () => step(-1));
onKey("]", () => step(1));
onKey("b", () => $("best").click());
document.addEventListener("cut", (event) => { event.detail.found = fetched ? counts(event.detail.cut) : null; });
load();
