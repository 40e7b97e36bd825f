// A page of a run or a cure that is at work: taken again whenever the run folder grows.
import { data, refresh } from "./common.js";

if (data.live && data.events) {
  const source = new EventSource(data.events);
  source.onmessage = () => refresh();
  source.addEventListener("end", async () => { source.close(); await refresh(); });
} else if (data.live) {
  const timer = setInterval(async () => {
    await refresh(location.href, ["main", "#data"]);
    if (!JSON.parse(document.querySelector("#data").textContent).live) clearInterval(timer);
  }, 1500);
}
