// Menus kept side by side.
import { $, button, table } from "./dom.js";
import { amount, heading, percent, plain, shown } from "./words.js";

const MOST = 5;

export function pins(facts, levers, app) {
  const kept = [];
  function draw() {
    $("pinned").hidden = kept.length < 2;
    const head = ["", ...kept.map((p, k) => button(p.name, () => app.put(p.state, `${p.name} is back.`),
      { class: "link", "aria-label": `Put ${p.name} on the page` }))];
    const figures = facts.tiles.map((name) => [heading(name),
      ...kept.map((p) => shown(facts.figures[name], p.figures[name]))]);
    const plans = facts.market.plans.map((plan, j) => [plan.title,
      ...kept.map((p) => termsText(p.state.menu[j], levers[j]))]);
    const more = [["Share for enterprise", ...kept.map((p) => percent(p.state.share, 0))]];
    if (facts.case.budgets.length) more.push(["Budget", ...kept.map((p) => amount(p.state.budget))]);
    const rows = [...figures, ...plans, ...more,
      ["", ...kept.map((p, k) => button("Remove", () => { kept.splice(k, 1); draw(); },
        { class: "link", "aria-label": `Remove ${p.name}` }))]];
    $("pins").replaceChildren(table(head, rows));
  }
  let count = 0;
  return function pin(name, state, world, e) {
    const figures = Object.fromEntries(facts.tiles.map((n) => [n, world.figure(e, n)]));
    kept.push({ name: name ?? `Pin ${++count}`, state, figures });
    if (kept.length > MOST) kept.splice(1, 1);
    draw();
  };
}

// What can be chosen of a plan's terms, in a line.
export function termsText(terms, levers) {
  if (!terms) return "off";
  const free = levers.filter((l) => l.ladder.length > 1), told = free.length ? free : levers;
  return told.map((l) => plain(l.get(terms))).join(" / ") || "–";
}
