// The two-minute page: the decision in sentences, the figures, who gains; what is printed.
import { $, el, table } from "./dom.js";
import { segmentGains } from "./evaluate.js";
import { amount, change, heading, percent, plain, plus, shown } from "./words.js";

export function brief(facts, levers, app) {
  return (world, e, judged) => {
    const said = facts.market.plans.map((p, j) => sentence(facts, levers[j], world, e, app.state.menu[j], j)).filter(Boolean);
    const split = app.state.share === facts.market.reach.enterprise_share ? null
      : `Spend ${percent(app.state.share, 0)} of the go-to-market budget on enterprise, today ${percent(facts.market.reach.enterprise_share, 0)}.`;
    const all = [...said, ...(split ? [split] : [])];
    $("decision").replaceChildren(...(all.length ? all : ["Everything stays as it is today."]).map((x) => el("li", {}, x)));
    const names = facts.headlines.filter((n) => !facts.tiles.includes(n));
    const rows = names.map((n) => [heading(n), shown(facts.figures[n], facts.today.figures[n]), shown(facts.figures[n], world.figure(e, n)), change(facts.figures[n], world.figure(e, n), facts.today.figures[n])]);
    $("brief-figures").replaceChildren(table(["A month", "today", "with this menu", "change"], rows));
    const gains = segmentGains(e, world.unchanged, 0.05).map((g, s) => [facts.market.segments[s].title, plus(g.surplus / g.people, (x) => x.toFixed(2).replace("-", "−")), amount(g.gaining), amount(g.losing)]);
    $("brief-gains").replaceChildren(table(["Who gains and who loses", "usd a person", "people better off", "worse off"], gains));
    const state = judged.broken.length ? `Not allowed: ${judged.broken.join("; ")}.` : "All conditions hold.";
    $("brief-state").textContent = [state, ...otherwise(facts, app.state), $("state").textContent].join(" ");
  };
}

// Costs and conditions that are not as the case has them.
function otherwise(facts, { assumed, bounds }) {
  const costs = facts.assumptions.filter((a) => a.path in assumed).map((a) => `${a.path} ${plain(assumed[a.path])} ${a.unit} (stated ${plain(a.value)})`.replace("  ", " "));
  const asked = Object.entries(bounds).map(([k, x]) => [facts.case.conditions[k], x]).map(([c, x]) => `${heading(c.name).toLowerCase()} ${c.sense > 0 ? "at least" : "at most"} ${shown(facts.figures[c.figure], x)} (the case asks ${shown(facts.figures[c.figure], c.bound)})`);
  return [...(costs.length ? [`Assumed: ${costs.join("; ")}.`] : []), ...(asked.length ? [`Asked: ${asked.join("; ")}.`] : [])];
}

// What becomes of a plan, and what that does to its customers and to contribution.
function sentence(facts, levers, world, e, terms, j) {
  const plan = facts.market.plans[j], today = facts.today.plans[plan.name];
  if (!terms && !today) return null;
  if (!terms) return `Take ${plan.title} off the menu: ${amount(today.customers)} customers and ${amount(today.contribution_margin)} usd of contribution have it today.`;
  const customers = world.figure(e, "customers", { plan: j }), money = world.figure(e, "contribution_margin", { plan: j });
  if (!today) return `Launch ${plan.title}${levers.length ? ` at ${levers.map((l) => `${l.label.toLowerCase()} ${plain(l.get(terms))}`).join(", ")}` : ""}: ${amount(customers)} customers, contribution ${amount(money)} usd.`;
  const moved = levers.filter((l) => l.get(terms) !== l.get(plan.terms));
  if (!moved.length) return null;
  const told = moved.map((l) => `${l.label} from ${plain(l.get(plan.terms))} to ${plain(l.get(terms))} ${l.unit}`).join("; ");
  return `${plan.title}: ${told}. Customers ${plus(customers - today.customers)}, contribution ${plus(money - today.contribution_margin)} usd.`;
}
