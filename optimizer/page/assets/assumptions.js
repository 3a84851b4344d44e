// Costs that may be otherwise, moved within their range; what customers are like needs the market calibrated anew.
import { $, el, say } from "./dom.js";
import { amount, plain } from "./words.js";

const STEPS = 200;

export function assumptions(facts, app) {
  const groups = new Map();
  for (const a of facts.assumptions) {
    if (!groups.has(a.group)) groups.set(a.group, []);
    groups.get(a.group).push(line(a, app));
  }
  let first = true;
  for (const [group, lines] of groups) {
    $("assumptions").append(el("details", { open: first }, el("summary", {}, group), ...lines.map((l) => l.box)));
    first = false;
  }
  $("as-stated").onclick = () => { app.begin(); app.assume({}); };
  return () => {
    for (const lines of groups.values()) for (const l of lines) l.update();
    const count = Object.keys(app.state.assumed).length;
    say($("assumed"), count ? `${count} ${count > 1 ? "numbers are" : "number is"} not as the market states.`
      : "All as the market states.");
    $("as-stated").disabled = count === 0;
  };
}

function line(a, app) {
  const low = Math.min(a.low ?? a.value * 0.5, a.value), high = Math.max(a.high ?? a.value * 1.5, a.value) || 1;
  const id = `if-${a.path.replaceAll(".", "-")}`,
    input = el("input", { type: "range", id, min: 0, max: STEPS, step: 1 }), told = el("output", { for: id });
  const at = (x) => (high > low ? (STEPS * (x - low)) / (high - low) : 0);
  input.onpointerdown = app.begin;
  input.onkeydown = (event) => { if (event.key.startsWith("Arrow")) app.begin(); };
  input.oninput = () => {
    const step = Number(input.value), x = Math.abs(step - at(a.value)) < 2 ? a.value
      : +(low + ((high - low) * step) / STEPS).toPrecision(4);
    const { [a.path]: _, ...others } = app.state.assumed;
    app.assume(x === a.value ? others : { ...others, [a.path]: x });
  };
  const box = el("div", { class: "bar assumed" }, el("label", { for: id }, a.label, el("small", {}, ` ${a.unit}`)),
    input, told);
  function update() {
    const x = app.state.assumed[a.path] ?? a.value, step = String(Math.round(at(x)));
    if (input.value !== step) input.value = step;
    input.setAttribute("aria-valuetext", `${plain(x)} ${a.unit}`);
    box.classList.toggle("moved", x !== a.value);
    say(told, Math.abs(x) < 1e5 ? plain(x) : amount(x));
  }
  return { box, update };
}
