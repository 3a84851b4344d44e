// The two-minute page: the decision in sentences, the figures, who gains; what is printed.
import { $, el, table } from "./dom.js";
import { segmentGains } from "./evaluate.js";
import { amount, change, heading, percent, plain, plus, shown } from "./words.js";

const LEAST = 0.05; // usd a month below which nobody counts as better or worse off
const FIGURES = ["A month", "today", "with this menu", "change"];
const GAINS = ["Who gains and who loses", "usd a person", "people better off", "worse off"];

export function brief(facts, levers, app) {
  return (world, e, judged) => {
    const said = facts.market.plans.map((_, j) => sentence(facts, levers[j], world, e, app.state.menu[j], j));
    const all = [...said, splitSentence(facts, app.state)].filter(Boolean);
    if (!all.length) all.push("Everything stays as it is today.");
    $("decision").replaceChildren(...all.map((x) => el("li", {}, x)));
    $("brief-figures").replaceChildren(table(FIGURES, figureRows(facts, world, e)));
    $("brief-gains").replaceChildren(table(GAINS, gainRows(facts, world, e)));
    const state = judged.broken.length ? `Not allowed: ${judged.broken.join("; ")}.` : "All conditions hold.";
    $("brief-state").textContent = [state, ...otherwise(facts, app.state), $("state").textContent].join(" ");
  };
}

const figureRows = (facts, world, e) => facts.headlines.filter((n) => !facts.tiles.includes(n)).map((n) => {
  const f = facts.figures[n], now = world.figure(e, n), then = facts.today.figures[n];
  return [heading(n), shown(f, then), shown(f, now), change(f, now, then)];
});

const gainRows = (facts, world, e) => segmentGains(e, world.unchanged, LEAST).map((g, s) => {
  const worth = plus(g.surplus / g.people, (x) => x.toFixed(2).replace("-", "−"));
  return [facts.market.segments[s].title, worth, amount(g.gaining), amount(g.losing)];
});

// Costs and conditions that are not as the case has them.
function otherwise(facts, { assumed, bounds }) {
  const costs = facts.assumptions.filter((a) => a.path in assumed).map((a) =>
    [a.path, plain(assumed[a.path]), a.unit, `(stated ${plain(a.value)})`].filter(Boolean).join(" "));
  const asked = Object.entries(bounds).map(([k, x]) => {
    const c = facts.case.conditions[k], f = facts.figures[c.figure], side = c.sense > 0 ? "at least" : "at most";
    return `${heading(c.name).toLowerCase()} ${side} ${shown(f, x)} (the case asks ${shown(f, c.bound)})`;
  });
  const told = (word, all) => (all.length ? [`${word}: ${all.join("; ")}.`] : []);
  return [...told("Assumed", costs), ...told("Asked", asked)];
}

function splitSentence(facts, { share }) {
  const then = facts.market.reach.enterprise_share;
  if (share === then) return null;
  return `Spend ${percent(share, 0)} of the go-to-market budget on enterprise, today ${percent(then, 0)}.`;
}

// What becomes of a plan, and what that does to its customers and to contribution.
function sentence(facts, levers, world, e, terms, j) {
  const plan = facts.market.plans[j], today = facts.today.plans[plan.name];
  if (!terms) return today ? withdrawn(plan, today) : null;
  const part = { plan: j };
  const customers = world.figure(e, "customers", part), money = world.figure(e, "contribution_margin", part);
  if (!today) {
    const at = levers.map((l) => `${l.label.toLowerCase()} ${plain(l.get(terms))}`).join(", ");
    const launch = `Launch ${plan.title}${at ? ` at ${at}` : ""}`;
    return `${launch}: ${amount(customers)} customers, contribution ${amount(money)} usd.`;
  }
  const moved = levers.filter((l) => l.get(terms) !== l.get(plan.terms));
  if (!moved.length) return null;
  const from = (l) => `${l.label} from ${plain(l.get(plan.terms))} to ${plain(l.get(terms))} ${l.unit}`;
  const more = plus(customers - today.customers), earned = plus(money - today.contribution_margin);
  return `${plan.title}: ${moved.map(from).join("; ")}. Customers ${more}, contribution ${earned} usd.`;
}

function withdrawn(plan, today) {
  const have = `${amount(today.customers)} customers and ${amount(today.contribution_margin)} usd of contribution`;
  return `Take ${plan.title} off the menu: ${have} are there today.`;
}
