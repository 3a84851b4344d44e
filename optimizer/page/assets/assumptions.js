// Costs that may be otherwise, moved within their range; what customers are like needs the market calibrated anew.
import { $, el, say } from "./dom.js";
import { amount, plain } from "./words.js";

export function assumptions(facts, app) {
  const lines = facts.assumptions.map((a) => line(a, app));
  $("assumptions").append(...lines.map((l) => l.box));
  $("as-stated").onclick = () => { app.begin(); app.assume({}); };
  return () => {
    lines.forEach((l) => l.update());
    const count = Object.keys(app.state.assumed).length;
    say($("assumed"), count ? `${count} ${count > 1 ? "numbers are" : "number is"} not as the market states.` : "All as the market states.");
    $("as-stated").disabled = count === 0;
  };
}

function line(a, app) {
  const low = Math.min(a.low ?? a.value * 0.5, a.value), high = Math.max(a.high ?? a.value * 1.5, a.value) || 1;
  const id = `if-${a.path.replaceAll(".", "-")}`, steps = 200;
  const input = el("input", { type: "range", id, min: 0, max: steps, step: 1 }), told = el("output", { for: id });
  const at = (x) => (high > low ? (steps * (x - low)) / (high - low) : 0);
  input.onpointerdown = app.begin;
  input.onkeydown = (event) => { if (event.key.startsWith("Arrow")) app.begin(); };
  input.oninput = () => {
    const step = Number(input.value), x = Math.abs(step - at(a.value)) < 2 ? a.value : +(low + ((high - low) * step) / steps).toPrecision(4);
    const { [a.path]: _, ...others } = app.state.assumed;
    app.assume(x === a.value ? others : { ...others, [a.path]: x });
  };
  const box = el("div", { class: "bar assumed" }, el("label", { for: id }, a.label), input, told);
  function update() {
    const x = app.state.assumed[a.path] ?? a.value;
    input.value = at(x);
    input.setAttribute("aria-valuetext", `${plain(x)} ${a.unit}`);
    box.classList.toggle("moved", x !== a.value);
    say(told, `${Math.abs(x) < 1e5 ? plain(x) : amount(x)} ${a.unit}`);
  }
  return { box, update };
}
