// A number that was clicked: what it is, what it is made of, the equations, and the inputs with source and grade.
import { $, button, el, table } from "./dom.js";
import { LINEAR, components } from "./figures.js";
import { amount, change, heading, plain, shown } from "./words.js";

// Parts of the model: the fields of figures that come from it (null: all), its equations, its numbers.
const FAMILIES = {
  demand: {
    fields: null,
    equations: ["choice.systematic_utility", "choice.attraction", "choice.nested", "choice.stock", "choice.stays",
      "choice.customers", "reach.reach_share"],
    inputs: /^segments\.[^.]+\.(potential|value_of_use|price_|usage_c)|^(today|nests|go_to_market|alternatives)\./,
  },
  use: {
    fields: ["requests", "serving", "gpuHours", "binds", "tokens", "metered", "apiValue"],
    equations: ["usage.limited_mean", "usage.served", "overage.spend"],
    inputs: /^segments\.[^.]+\.usage|^plans\.[^.]+\.allowances/,
  },
  fees: {
    fields: ["revenue", "payingRevenue", "paying", "metered", "payment", "other"],
    equations: ["finance.effective_fee", "finance.bill"],
    inputs: /^plans\.[^.]+\.(price|unit_prices|annual|seat|regional|credits)/,
  },
  serving: {
    fields: ["serving", "payingServing", "gpuHours", "tokens"],
    equations: ["serving.gpu_seconds_per_request", "serving.gpu_hours", "serving.token_cost_per_request",
      "serving.gpus_busy"],
    inputs: /^(ai_models|pools)\./,
  },
  costs: {
    fields: ["payment", "other", "support"],
    equations: ["finance.payment_cost"],
    inputs: /^finance\.|^plans\.[^.]+\.(support_cost|fixed_cost)/,
  },
  staying: {
    fields: ["rate", "payersRate", "staying", "inflow"],
    equations: ["decisions.decision_rate", "decisions.leaving"],
    inputs: /^plans\.[^.]+\.decision|decision_rate/,
  },
  advertising: {
    fields: ["advertising", "impressions"],
    equations: ["advertising.revenue", "advertising.disutility"],
    inputs: /advertising|impression/,
  },
};

export function explainer(facts, app) {
  const dialog = $("explain");
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  // at: another world and menu than those of the page, and one plan
  return function explain(name, at = {}) {
    const f = facts.figures[name], { world, e, plan } = { ...app, ...at };
    if (plan) { explainPlan(world, e, name, plan); return; }
    const parts = partsOf(facts, world, e, name), families = familiesOf(facts, name);
    $("explained").replaceChildren(
      el("h2", {}, heading(name)), el("p", {}, f.definition),
      el("p", { class: "big" }, shown(f, world.figure(e, name)),
        el("small", {}, ` ${f.unit}, today ${shown(f, facts.today.figures[name])}`)),
      ...(parts.length ? [el("h3", {}, "Made of"), table(["", "now", "today", "change"], parts)] : []),
      el("h3", {}, "By plan"), byPlan(facts, world, e, name),
      ...behind(families));
    opened(dialog);
  };

  // A figure of one plan: its value, what it is made of there, and the same equations and inputs.
  function explainPlan(world, e, name, plan) {
    const f = facts.figures[name], j = facts.market.plans.findIndex((p) => p.name === plan), part = { plan: j };
    const families = familiesOf(facts, name), then = facts.today.plans[plan]?.[name];
    $("explained").replaceChildren(
      el("h2", {}, `${heading(name)} of ${facts.market.plans[j].title}`), el("p", {}, f.definition),
      el("p", { class: "big" }, e.per[j] ? shown(f, world.figure(e, name, part)) : "not offered",
        el("small", {}, ` ${f.unit}${then === undefined ? "" : `, today ${shown(f, then)}`}`)),
      ...behind(families));
    opened(dialog);
  }

  function behind(families) {
    return [el("h3", {}, "Equations"),
      ...families.flatMap((k) => FAMILIES[k].equations).filter((q) => facts.equations[q]).map((q) => fold(q,
        facts.equations[q])),
      el("h3", {}, "Inputs, with source and grade"), ...families.map((k) => inputs(facts, k)),
      button("Close", () => dialog.close(), { class: "main" })];
  }
}

function opened(dialog) {
  dialog.showModal();
  dialog.scrollTop = 0;
}

const fold = (title, text) => el("details", {}, el("summary", {}, title.replace(".", ": ").replaceAll("_", " ")),
  el("pre", {}, text));

function partsOf(facts, world, e, name) {
  const f = facts.figures[name], names = f.below ? [f.above, f.below]
    : { gross_margin: ["revenue", "serving_cost", "payment_cost", "other_cost_of_revenue"],
      contribution_margin: ["gross_margin", "support_cost", "plan_cost", "marketing_cost"] }[name] ?? [];
  return names.map((n, k) => {
    const g = facts.figures[n], then = facts.today.figures[n], now = world.figure(e, n);
    return [(f.below ? (k ? "÷ " : "") : k ? "− " : "") + heading(n), shown(g, now), shown(g, then),
      change(g, now, then)];
  });
}

function byPlan(facts, world, e, name) {
  const f = facts.figures[name];
  return table(["", "now"],
    facts.market.plans.flatMap((p, j) => (e.per[j] ? [[p.title, shown(f, world.figure(e, name, { plan: j }))]] : [])));
}

// Which parts of the model a figure comes from.
function familiesOf(facts, name) {
  const f = facts.figures[name], linear = f.below ? [f.above, f.below] : [name];
  const used = new Set(linear.flatMap((n) => components(n, {},
    0)).flatMap(([, n]) => Object.keys(LINEAR[n] ?? { inflow: 1 })));
  return Object.keys(FAMILIES).filter((k) => FAMILIES[k].fields === null
    || FAMILIES[k].fields.some((x) => used.has(x)));
}

function inputs(facts, family) {
  const rows = facts.numbers.filter((n) => FAMILIES[family].inputs.test(n.path)).map((n) => [n.path,
    `${Math.abs(n.value) < 1e5 ? plain(n.value) : amount(n.value)} ${n.unit}`, range(n), sourceOf(facts, n)]);
  return el("details", {}, el("summary", {}, `${heading(family)}: ${rows.length} numbers`),
    el("div", { class: "scroll" }, table(["number", "value", "range", "source and grade"], rows)));
}

const range = (n) => (n.low === undefined ? "–" : `${plain(n.low)} to ${plain(n.high)}`);

function sourceOf(facts, n) {
  const s = facts.sources[n.source];
  if (!s) return el("span", {}, el("b", { class: "grade" }, "A"), ` assumed: ${n.why ?? ""}`);
  const text = /^https?:\/\//.test(s.url ?? "") ? el("a", { href: s.url, rel: "noopener noreferrer" }, s.text) : s.text;
  return el("span", {}, el("b", { class: "grade" }, s.grade), " ", text, n.why ? `; ${n.why}` : "");
}
