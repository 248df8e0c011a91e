#include "libprom/query/html_page.h"

namespace prom::query {

const std::string_view kPageStyle = R"css(
:root { color-scheme: light dark; --ink: #222; --dim: #667; --line: #8884;
  --back: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ddd; --dim: #99a; --back: #1b1c20; } }
body { margin: 1.5rem auto; padding: 0 1rem; max-width: 75rem;
  font: 14px/1.4 system-ui, sans-serif; color: var(--ink);
  background: var(--back); }
h1 { font: 600 1rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
p, #hint { color: var(--dim); margin: .3rem 0; }
.note { color: #b35900; }
#chart { position: relative; }
canvas { width: 100%; height: 26rem; display: block; cursor: crosshair; }
#tip { position: absolute; pointer-events: none; display: none; padding: .3rem
  .5rem; border: 1px solid var(--line); background: var(--back);
  font-size: 12px; max-width: 26rem; overflow-wrap: anywhere; z-index: 1; }
#legend { list-style: none; padding: 0; columns: 24rem; font: 12px/1.7
  ui-monospace, monospace; }
#legend li { cursor: pointer; overflow-wrap: anywhere; break-inside: avoid; }
#legend li.off { opacity: .35; }
#legend i { display: inline-block; width: 1em; height: .6em;
  margin-right: .5em; }
table { border-collapse: collapse; font: 12px/1.6 ui-monospace, monospace; }
th, td { text-align: left; padding: .15rem .8rem .15rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
td:last-child, th:last-child { text-align: right; }
)css";

const std::string_view kPageScript = R"js("use strict";
const answer = JSON.parse(document.getElementById("result").textContent);
const data = answer.data, at = id => document.getElementById(id);
const colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9",
  "#e69f00", "#888888"];
const number = text => text === "NaN" ? NaN : text === "+Inf" ? Infinity :
  text === "-Inf" ? -Infinity : Number(text);
const element = (kind, text, parent) => {
  const made = document.createElement(kind);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
};
const nameOf = metric => {
  const labels = Object.keys(metric).filter(k => k !== "__name__").sort()
    .map(k => k + "=" + JSON.stringify(metric[k])).join(", ");
  const name = metric.__name__ || "";
  return labels || !name ? name + "{" + labels + "}" : name;
};
const pad = n => String(n).padStart(2, "0");
const clock = (seconds, span) => {
  const d = new Date(seconds * 1000);
  const day = d.getUTCFullYear() + "-" + pad(d.getUTCMonth() + 1) + "-" +
    pad(d.getUTCDate());
  const time = pad(d.getUTCHours()) + ":" + pad(d.getUTCMinutes());
  if (span >= 7 * 86400) return day;
  if (span >= 86400) return day.slice(5) + " " + time;
  return span < 600 ? time + ":" + pad(d.getUTCSeconds()) : time;
};
const short = v => {
  const size = Math.abs(v);
  for (const [factor, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"],
    [1e3, "k"]])
    if (size >= factor) return +(v / factor).toPrecision(4) + letter;
  return String(+v.toPrecision(4));
};

function table() {
  const rows = data.resultType === "vector" || data.resultType === "matrix" ?
    data.result : [{ metric: {}, value: data.result }];
  const names = [...new Set(rows.flatMap(r => Object.keys(r.metric)))].sort();
  const into = element("table", undefined, at("chart"));
  const head = element("tr", undefined, into);
  for (const name of [...names, "value"]) element("th", name, head);
  for (const row of rows) {
    const line = element("tr", undefined, into);
    for (const name of names) element("td", row.metric[name] || "", line);
    const last = row.value || row.histogram ||
      (row.values || row.histograms || [[0, ""]]).at(-1);
    element("td", typeof last[1] === "object" ? "count " + last[1].count +
      ", sum " + last[1].sum : last[1], line);
  }
  if (!rows.length) element("p", "The result is empty.", at("chart"));
}

function chart(lines) {
  const canvas = element("canvas", undefined, at("chart"));
  const tip = element("div", undefined, at("chart"));
  tip.id = "tip";
  const pen = canvas.getContext("2d");
  const whole = [Infinity, -Infinity];
  let step = Infinity;
  for (const line of lines) {
    whole[0] = Math.min(whole[0], line.t[0]);
    whole[1] = Math.max(whole[1], line.t.at(-1));
    for (let i = 1; i < line.t.length; i++)
      step = Math.min(step, line.t[i] - line.t[i - 1]);
  }
  if (whole[0] === whole[1]) whole[1] += 1;
  let view = whole.slice(), drag = null, pointer = null;
  const box = { left: 56, right: 12, top: 8, bottom: 24 };
  let wide = 0, high = 0, low = 0, top = 1;

  const range = () => {
    low = Infinity;
    top = -Infinity;
    for (const line of lines) {
      if (line.off) continue;
      for (let i = 0; i < line.t.length; i++) {
        if (line.t[i] < view[0] || line.t[i] > view[1] ||
          !Number.isFinite(line.v[i])) continue;
        low = Math.min(low, line.v[i]);
        top = Math.max(top, line.v[i]);
      }
    }
    if (low > top) [low, top] = [0, 1];
    if (low > 0 && low < top / 2) low = 0;
    if (low === top) [low, top] = [low - (Math.abs(low) / 2 || 1),
      top + (Math.abs(top) / 2 || 1)];
    const margin = (top - low) * 0.04;
    top += margin;
    if (low !== 0) low -= margin;
  };
  const x = t => box.left + (t - view[0]) / (view[1] - view[0]) *
    (wide - box.left - box.right);
  const y = v => high - box.bottom - (v - low) / (top - low) *
    (high - box.top - box.bottom);
  const timeAt = px => view[0] + (px - box.left) /
    (wide - box.left - box.right) * (view[1] - view[0]);
  const ticks = (from, to, count, steps) => {
    const rough = (to - from) / count;
    let step = steps && steps.find(s => s >= rough);
    if (!step) {
      const unit = 10 ** Math.floor(Math.log10(rough));
      step = [1, 2, 5, 10].map(f => f * unit).find(s => s >= rough) || rough;
    }
    const found = [];
    for (let i = Math.ceil(from / step); i * step <= to && found.length < 50;
      i++) found.push(i * step);
    return found;
  };

  function draw() {
    const scale = window.devicePixelRatio || 1;
    wide = canvas.clientWidth;
    high = canvas.clientHeight;
    canvas.width = wide * scale;
    canvas.height = high * scale;
    pen.scale(scale, scale);
    range();
    const style = getComputedStyle(document.body);
    pen.font = "12px sans-serif";
    pen.fillStyle = style.getPropertyValue("--dim");
    pen.strokeStyle = style.getPropertyValue("--line");
    pen.lineWidth = 1;
    pen.textAlign = "right";
    for (const v of ticks(low, top, 6)) {
      pen.beginPath();
      pen.moveTo(box.left, y(v));
      pen.lineTo(wide - box.right, y(v));
      pen.stroke();
      pen.fillText(short(v), box.left - 6, y(v) + 4);
    }
    pen.textAlign = "center";
    for (const t of ticks(view[0], view[1], Math.max(2, wide / 130),
      [1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600,
        43200, 86400, 172800, 604800]))
      pen.fillText(clock(t, view[1] - view[0]), x(t), high - 6);
    pen.save();
    pen.beginPath();
    pen.rect(box.left, 0, wide - box.left - box.right, high - box.bottom);
    pen.clip();
    pen.lineWidth = 1.5;
    pen.lineCap = pen.lineJoin = "round";
    for (const line of lines) {
      if (line.off) continue;
      pen.strokeStyle = line.color;
      pen.beginPath();
      let last = -Infinity;
      for (let i = 0; i < line.t.length; i++) {
        if (!Number.isFinite(line.v[i])) { last = -Infinity; continue; }
        const px = x(line.t[i]), py = y(line.v[i]);
        if (line.t[i] - last <= step * 1.5) pen.lineTo(px, py);
        else { pen.moveTo(px, py); pen.lineTo(px + 0.1, py); }
        last = line.t[i];
      }
      pen.stroke();
    }
    if (drag !== null && pointer) {
      pen.fillStyle = style.getPropertyValue("--line");
      pen.fillRect(drag, 0, pointer.x - drag, high);
    }
    pen.restore();
    point();
  }

  function point() {
    tip.style.display = "none";
    if (!pointer || pointer.x < box.left) return;
    const t = timeAt(pointer.x);
    let best = null;
    for (const line of lines) {
      if (line.off) continue;
      let from = 0, to = line.t.length - 1;
      while (from < to) {
        const middle = (from + to) >> 1;
        if (line.t[middle] < t) from = middle + 1; else to = middle;
      }
      if (from > 0 && t - line.t[from - 1] < line.t[from] - t) from--;
      if (!Number.isFinite(line.v[from])) continue;
      const far = Math.hypot(x(line.t[from]) - pointer.x,
        y(line.v[from]) - pointer.y);
      if (!best || far < best.far) best = { far, line, i: from };
    }
    if (!best) return;
    const px = x(best.line.t[best.i]), py = y(best.line.v[best.i]);
    pen.fillStyle = best.line.color;
    pen.beginPath();
    pen.arc(px, py, 4, 0, 7);
    pen.fill();
    tip.textContent = best.line.name + "\n" + best.line.v[best.i] + " at " +
      new Date(best.line.t[best.i] * 1000).toISOString();
    tip.style.whiteSpace = "pre-wrap";
    tip.style.display = "block";
    tip.style.top = py + 14 + "px";
    tip.style.left = Math.max(0,
      Math.min(px + 14, wide - tip.offsetWidth)) + "px";
  }

  const follow = event => {
    const area = canvas.getBoundingClientRect();
    pointer = { x: event.clientX - area.left, y: event.clientY - area.top };
  };
  canvas.onpointermove = event => { follow(event); draw(); };
  canvas.onpointerleave = () => { pointer = null; draw(); };
  canvas.onpointerdown = event => { follow(event); drag = pointer.x; };
  canvas.onpointerup = event => {
    follow(event);
    if (drag !== null && Math.abs(pointer.x - drag) > 8)
      view = [timeAt(drag), timeAt(pointer.x)].sort((a, b) => a - b);
    drag = null;
    draw();
  };
  canvas.ondblclick = () => { view = whole.slice(); draw(); };
  for (const line of lines) {
    const entry = element("li", undefined, at("legend"));
    element("i", "", entry).style.background = line.color;
    entry.append(line.name);
    entry.onclick = event => {
      if (event.ctrlKey || event.metaKey) {
        line.off = !line.off;
      } else {
        const alone = lines.every(one => one === line ? !one.off : one.off);
        for (const one of lines) one.off = !alone && one !== line;
      }
      [...at("legend").children].forEach((item, i) =>
        item.classList.toggle("off", Boolean(lines[i].off)));
      draw();
    };
  }
  at("hint").textContent = "Drag to zoom, double-click for all, click a " +
    "series to see it alone, with Ctrl to hide it.  Times are UTC, from " +
    new Date(whole[0] * 1000).toISOString().slice(0, 16) + ".";
  window.onresize = draw;
  draw();
}

const lines = data.resultType !== "matrix" ? [] : data.result
  .filter(one => one.values && one.values.length)
  .map((one, i) => ({ name: nameOf(one.metric), off: false,
    color: colors[i % colors.length], t: one.values.map(p => p[0]),
    v: one.values.map(p => number(p[1])) }));
for (const note of [...(answer.warnings || []), ...(answer.infos || [])])
  element("p", note, at("notes")).className = "note";
if (lines.length) chart(lines); else table();
)js";

}  // namespace prom::query
