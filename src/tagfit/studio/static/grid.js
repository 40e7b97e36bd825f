// A window over any number of pictures: recycled cells over sheets of a hundred thumbnails.
import { data, onKey } from "./common.js";

const WIDTH = 112, HEIGHT = 148, AHEAD = 2, AT_ONCE = 2, KEPT = 40;
const grid = document.getElementById("grid");
const canvas = document.getElementById("canvas");

if (grid) {
  let columns = 1, pool = [], focused = Number(sessionStorage.getItem(place()) ?? 0) || 0, ticking = false;
  const sheets = new Map(), blocks = new Map();
  let loading = 0;
  const query = data.query ? `${data.query}&` : "";

  function place() { return `grid ${data.address}?${data.query}`; }

  // Answers at once with what is there; asks for the rest, two at a time, and draws again when it comes.
  function block(number) {
    if (blocks.has(number)) return blocks.get(number);
    if (loading >= AT_ONCE) return null;
    loading += 1;
    blocks.set(number, null);
    const size = data.on_a_sheet;
    fetch(`${data.at}/rows.json?${query}from=${number * size}&count=${size}`)
      .then((answer) => (answer.ok ? answer.json() : { rows: [] }))
      .then((found) => blocks.set(number, found.rows), () => blocks.delete(number))
      .finally(() => { loading -= 1; draw(); });
    if (data.pictures && !sheets.has(number)) {
      const image = new Image();
      image.src = `${data.at}/sheets/${number}.jpg?${query}v=${data.version}`;
      sheets.set(number, image);
      image.decode().then(draw, () => sheets.delete(number));
    }
    for (const store of [blocks, sheets]) {
      const far = [...store.keys()].sort((a, b) => Math.abs(b - number) - Math.abs(a - number));
      while (store.size > KEPT) store.delete(far.shift());
    }
    return null;
  }

  function cell() {
    const found = document.createElement("div");
    found.className = "cell";
    found.setAttribute("role", "gridcell");
    found.tabIndex = -1;
    const thumb = document.createElement("div");
    thumb.className = "thumb";
    const words = document.createElement("div");
    words.className = "words";
    const bad = document.createElement("span");
    bad.className = "bad";
    const rest = document.createElement("span");
    const was = document.createElement("span");
    was.className = "was";
    words.append(was, bad, rest);
    found.append(thumb, words);
    const row = document.createElement("div");
    row.setAttribute("role", "row");
    row.append(found);
    canvas.append(row);
    return { row, found, thumb, bad, rest, was, index: -1, filled: false };
  }

  function fill(one, index) {
    const moved = one.index !== index;
    if (moved) {
      one.index = index;
      one.filled = false;
      const [line, column] = [Math.floor(index / columns), index % columns];
      one.found.style.transform = `translate(${column * WIDTH}px, ${line * HEIGHT}px)`;
      one.row.setAttribute("aria-rowindex", line + 1);
      one.found.setAttribute("aria-colindex", column + 1);
      one.thumb.style.backgroundImage = "none";
      one.bad.textContent = one.rest.textContent = one.was.textContent = "";
      one.found.tabIndex = index === focused ? 0 : -1;
    }
    if (one.filled) return;
    const number = Math.floor(index / data.on_a_sheet), at = index % data.on_a_sheet;
    const rows = block(number), image = sheets.get(number);
    if (!rows || (data.pictures && !(image?.complete && image.naturalWidth))) return;
    const record = rows[at];
    if (!record) return;
    if (image) {
      one.thumb.style.backgroundImage = `url("${image.src}")`;
      one.thumb.style.backgroundPosition = `-${(at % data.across) * data.side}px -${Math.floor(at / data.across) * data.side}px`;
    }
    const wrong = [...record.missed.map((label) => `−${label}`), ...record.false.map((label) => `+${label}`)];
    one.was.textContent = record.corrected.length ? "✎ " : "";
    one.bad.textContent = wrong.slice(0, 3).join(" ") + (wrong.length ? " " : "");
    one.rest.textContent = record.reason ?? (record.score === undefined ? record.tags.join(", ") : record.score.toFixed(3));
    one.found.setAttribute("aria-label", `${record.id}: ${record.tags.join(", ") || "no tag"}` +
      (record.missed.length ? `; missed ${record.missed.join(", ")}` : "") + (record.false.length ? `; false alarm ${record.false.join(", ")}` : "") +
      (record.reason ? `; unsure of ${record.reason}` : ""));
    one.found.title = one.found.getAttribute("aria-label");
    one.found.dataset.row = record.row;
    one.filled = true;
  }

  function draw() {
    const first = Math.max(0, Math.floor(grid.scrollTop / HEIGHT) - AHEAD) * columns;
    const lines = Math.ceil(grid.clientHeight / HEIGHT) + 2 * AHEAD;
    const last = Math.min(data.rows, first + lines * columns);
    while (pool.length < last - first) pool.push(cell());
    const free = pool.filter((one) => one.index < first || one.index >= last);
    const taken = new Map(pool.filter((one) => one.index >= first && one.index < last).map((one) => [one.index, one]));
    for (let index = first; index < last; index += 1) fill(taken.get(index) ?? free.shift(), index);
    for (const one of free) one.found.style.transform = "translate(-9999px, 0)";
    for (const one of free) one.index = -1;
  }

  function layout() {
    columns = Math.max(1, Math.floor((grid.clientWidth - 4) / WIDTH));
    const lines = Math.ceil(data.rows / columns);
    canvas.style.height = `${lines * HEIGHT}px`;
    grid.setAttribute("aria-rowcount", lines);
    grid.setAttribute("aria-colcount", columns);
    for (const one of pool) one.index = -1;
    draw();
  }

  function go(index) {
    focused = Math.min(data.rows - 1, Math.max(0, index));
    sessionStorage.setItem(place(), focused);
    const top = Math.floor(focused / columns) * HEIGHT;
    if (top < grid.scrollTop) grid.scrollTop = top;
    if (top + HEIGHT > grid.scrollTop + grid.clientHeight) grid.scrollTop = top + HEIGHT - grid.clientHeight;
    draw();
    for (const one of pool) one.found.tabIndex = one.index === focused ? 0 : -1;
    pool.find((one) => one.index === focused)?.found.focus({ preventScroll: true });
  }

  function open(target) {
    const row = target.closest?.(".cell")?.dataset.row;
    if (row === undefined) return;
    sessionStorage.setItem(place(), pool.find((one) => one.found === target.closest(".cell")).index);
    location.href = `${data.address}/${row}${data.query ? `?${data.query}` : ""}`;
  }

  grid.addEventListener("scroll", () => {
    if (ticking) return;
    ticking = true;
    requestAnimationFrame(() => { ticking = false; draw(); });
  }, { passive: true });
  canvas.addEventListener("click", (event) => open(event.target));
  new ResizeObserver(layout).observe(grid);
  layout();
  if (focused) go(focused);
  const page = () => Math.max(1, Math.floor(grid.clientHeight / HEIGHT)) * columns;
  const steps = { ArrowRight: () => 1, ArrowLeft: () => -1, ArrowDown: () => columns, ArrowUp: () => -columns, PageDown: page, PageUp: () => -page() };
  for (const [key, step] of Object.entries(steps)) onKey(key, () => go(focused + step()));
  onKey("Home", () => go(0));
  onKey("End", () => go(data.rows - 1));
  onKey("Enter", (event) => { if (!event.target.matches(".cell")) return false; open(event.target); });
}
