// A picture that is dropped, pasted or chosen is tagged by the server on this machine.
import { data, make, say } from "./common.js";

const drop = document.getElementById("drop");
const answer = document.getElementById("answer");

async function tag(file) {
  if (!file) return;
  say("Tagging …");
  const reply = await fetch(data.to, { method: "POST", body: file, headers: { "content-type": "application/octet-stream" } });
  const found = await reply.json().catch(() => ({ problem: `the server answers ${reply.status}` }));
  const problem = found.problem ?? found.verdict?.sentence;
  if (problem) { answer.replaceChildren(make("p", { class: "worse" }, problem)); say(""); return; }
  const image = make("img", { alt: "the picture that was tagged" });
  image.src = URL.createObjectURL(file);
  image.onload = () => URL.revokeObjectURL(image.src);
  const table = make("table"), body = make("tbody"), head = make("thead");
  const titles = make("tr");
  titles.append(make("th", { scope: "col" }, "label"), make("th", { scope: "col", class: "n" }, "score"), make("th", { scope: "col" }, "predicted"));
  head.append(titles);
  for (const [label, score] of Object.entries(found.scores).sort((a, b) => b[1] - a[1])) {
    const row = make("tr");
    row.append(make("td", {}, label), make("td", { class: "n" }, score.toFixed(3)), make("td", {}, found.tags.includes(label) ? "yes" : ""));
    body.append(row);
  }
  table.append(head, body);
  answer.replaceChildren(image, table);
  say("");
}

document.getElementById("file").onchange = (event) => tag(event.target.files[0]);
addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); tag(event.dataTransfer.files[0]); });
addEventListener("paste", (event) => tag(event.clipboardData.files[0]));
