// What is on the page: terms by plan, split and budget, what is assumed otherwise; and its text in the address.
const LONGEST = 4000;
const number = (x) => (x === Infinity ? "inf" : String(+x.toPrecision(9)));

// The state that the page starts with: today's plans at the terms of the case's market.
export function today(facts) {
  const { market } = facts;
  return {
    menu: market.plans.map((p) => (p.sold ? p.terms : null)),
    share: market.reach.enterprise_share,
    budget: facts.case.budgets.length ? market.reach.budget : null,
    assumed: {},
    bounds: {},
  };
}

// A proven menu with costs and conditions as the case has them: it is proven under no others.
export const asStated = (menu) => ({ ...menu, assumed: {}, bounds: {} });

// A state as text; what is as today is left out.
export function written(facts, levers, state) {
  const start = today(facts), parts = [`v=1`, `case=${facts.case.hash.slice(0, 8)}`];
  state.menu.forEach((terms, j) => {
    const told = (t) => (t ? levers[j].map((l) => number(l.get(t))).join(",") : "off");
    if (told(terms) !== told(start.menu[j])) parts.push(`${facts.market.plans[j].name}=${told(terms)}`);
  });
  if (state.share !== start.share) parts.push(`mix=${number(state.share)}`);
  if (state.budget !== start.budget) parts.push(`budget=${number(state.budget)}`);
  for (const [path, x] of Object.entries(state.assumed)) parts.push(`if.${path}=${number(x)}`);
  for (const [k, x] of Object.entries(state.bounds)) parts.push(`asked.${k}=${number(x)}`);
  return parts.map(encodeURIComponent).join("&").replaceAll("%3D", "=").replaceAll("%2C", ",");
}

const read = (text) => (text === "inf" ? Infinity : /^\d+(\.\d+)?(e[+-]?\d+)?$/.test(text) ? Number(text) : NaN);

const signed = (text) => (text.startsWith("-") ? -read(text.slice(1)) : read(text));

// The state that a text tells, or null where it does not fit; nothing in it is trusted.
export function readState(facts, levers, text) {
  if (text.length > LONGEST) return null;
  let pairs;
  try { pairs = text.split("&").map((part) => part.split("=").map(decodeURIComponent)); } catch { return null; }
  const stated = new Map(pairs.filter((p) => p.length === 2)), state = today(facts),
    paths = new Set(facts.assumptions.map((a) => a.path));
  if (stated.get("v") !== "1") return null;
  for (const [name, value] of stated) {
    const j = facts.market.plans.findIndex((p) => p.name === name), x = read(value);
    if (j >= 0) {
      const terms = value === "off" ? null
        : termsAt(facts.market.plans[j].terms, levers[j], value.split(",").map(read));
      if (terms === undefined) return null;
      state.menu[j] = terms;
    } else if (name === "mix" && x >= 0 && x <= 1) state.share = x;
    else if (name === "budget" && state.budget !== null && x >= 0 && Number.isFinite(x)) state.budget = x;
    else if (name.startsWith("if.") && paths.has(name.slice(3)) && Number.isFinite(x)) state.assumed[name.slice(3)] = x;
    else if (/^asked\.\d+$/.test(name) && facts.case.conditions[name.slice(6)]
      && Number.isFinite(signed(value))) state.bounds[name.slice(6)] = signed(value);
    else if (name !== "v" && name !== "case") return null;
  }
  return { ...state, other: stated.get("case") !== facts.case.hash.slice(0, 8) };
}

function termsAt(own, levers, values) {
  if (values.length !== levers.length || values.some(Number.isNaN)) return undefined;
  if (values.some((x, k) => x === Infinity && !levers[k].endless)) return undefined;
  return levers.reduce((terms, lever, k) => lever.set(terms, values[k]), own);
}

// Steps that can be taken back.
export class Past {
  constructor(most = 200) { Object.assign(this, { most, back: [], forth: [] }); }
  keep(state) { this.back.push(state); this.forth = []; if (this.back.length > this.most) this.back.shift(); }
  undo(now) { if (!this.back.length) return null; this.forth.push(now); return this.back.pop(); }
  redo(now) { if (!this.forth.length) return null; this.back.push(now); return this.forth.pop(); }
}
