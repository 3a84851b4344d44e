// One lever: a slider with its ladder, a number to type, and the curve of the aim above it.
import { el, say, svg } from "./dom.js";
import { fromStep, nextRung, onLadder, toStep, typed } from "./levers.js";
import { plain } from "./words.js";

const WIDE = 400, HIGH = 40;
const UP = new Set(["ArrowRight", "ArrowUp"]), DOWN = new Set(["ArrowLeft", "ArrowDown"]);

// id: for labels; value(): where it stands, undefined where it has no place; begin(): before a move; move(x).
export function slider(lever, id, name, { value, began, begin, move }) {
  const input = el("input", { type: "range", id: `${id}-range`, min: 0, max: lever.top, step: 1,
    "aria-describedby": `${id}-why` });
  const number = el("input",
    { type: "text", inputmode: "decimal", id: `${id}-number`, "aria-label": `${name}, ${lever.label}, ${lever.unit}` });
  const curve = svg("svg",
    { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", class: "curve", "aria-hidden": "true" });
  const here = svg("path", { class: "here" }), off = el("span", { class: "off-ladder" }),
    why = el("p", { class: "why", id: `${id}-why` });
  const ticks = svg("svg",
    { viewBox: `0 0 ${WIDE} 6`, preserveAspectRatio: "none", class: "ticks", "aria-hidden": "true" });
  for (const x of lever.ladder) ticks.append(svg("path", { d: `M${place(lever, x)} 0V6` }));
  const box = el("div", { class: "lever" },
    el("div", { class: "what" }, el("label", { for: `${id}-range` }, lever.label), number, el("small", {}, lever.unit),
      off),
    el("div", { class: "track" }, curve, ticks, input), why);

  const change = (x) => { if (x !== undefined && x !== value()) move(x); };
  input.onpointerdown = begin;
  input.oninput = () => change(fromStep(lever, Number(input.value)));
  input.onkeydown = (event) => {
    if (!UP.has(event.key) && !DOWN.has(event.key)) return;
    event.preventDefault();
    begin();
    change(nextRung(lever, value(), UP.has(event.key)));
  };
  number.onchange = () => {
    const x = typed(lever, number.value);
    if (x === undefined || (lever.share && x > 1)) { number.setAttribute("aria-invalid", "true"); return; }
    begin();
    change(x);
    update();
  };

  function update() {
    const x = value();
    box.hidden = x === undefined;
    if (box.hidden) return;
    const step = String(Math.round(toStep(lever, x)));
    if (input.value !== step) input.value = step;
    if (document.activeElement !== number) number.value = plain(x);
    number.removeAttribute("aria-invalid");
    input.setAttribute("aria-valuetext", `${plain(x)} ${lever.unit}`);
    say(off, onLadder(lever, x, began) ? "" : lever.ladder.length > 1 ? "off the ladder" : "held by the case");
    here.setAttribute("d", `M${place(lever, x)} 0V${HIGH}`);
  }
  // points: [{x, y, why}], why: what stands against it, empty where nothing does
  function draw(points, told) {
    if (!points.length) { curve.replaceChildren(); return; }
    const ys = points.map((p) => p.y).filter(Number.isFinite), low = Math.min(...ys), span = Math.max(...ys) - low || 1;
    const at = (p) => `${place(lever, p.x)} ${HIGH - 3 - ((HIGH - 8) * (p.y - low)) / span}`;
    const shade = points.map((p, k) => (p.why ? strip(lever, points, k) : "")).join("");
    curve.replaceChildren(svg("path", { class: "bad", d: shade }),
      svg("path", { class: "line", d: "M" + points.map(at).join("L") }), here);
    say(why, told);
  }
  return { lever, box, update, draw, value };
}

const place = (lever, x) => +((WIDE * toStep(lever, x)) / lever.top).toFixed(1);

// The strip of a curve that belongs to a point: half way to its neighbours.
function strip(lever, points, k) {
  const at = (n) => place(lever, points[n].x), left = k ? (at(k - 1) + at(k)) / 2 : 0;
  const right = k + 1 < points.length ? (at(k) + at(k + 1)) / 2 : WIDE;
  return `M${left} 0H${right}V${HIGH}H${left}Z`;
}
