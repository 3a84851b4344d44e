// The menu on the page as a case file: every ladder has one step, the rest is as the case states it.
const plainWord = /^[A-Za-z_][\w .()%/-]*$/;
const scalar = (x) => (typeof x === "number" ? String(x) : typeof x === "boolean" ? String(x) : plainWord.test(x)
  && !/^(yes|no|on|off|true|false|null|y|n)$/i.test(x) && !/[ .]$/.test(x) ? x : JSON.stringify(x));

// Plain data as YAML: groups in lines, lists in brackets.
export function yaml(data, indent = "") {
  return Object.entries(data).map(([key, value]) => {
    const name = indent + scalar(key);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      return Object.keys(value).length ? `${name}:\n${yaml(value, indent + "  ")}` : `${name}: {}\n`;
    }
    return `${name}: ${Array.isArray(value) ? JSON.stringify(value) : scalar(value)}\n`;
  }).join("");
}

const step = (x) => (x === Infinity ? "unlimited" : x);

// Ladders of one step each: a plan held at stated terms.
export function ladders(facts, levers, plan, terms) {
  const found = {};
  for (const [k, lever] of levers.entries()) {
    const stated = plan.levers[k], x = step(lever.get(terms)), model = facts.ai_models[stated.model]?.name;
    if (stated.kind === "cap") ((found.allowances ??= {})[model] ??= {})[stated.window] = [x];
    else if (stated.kind === "units") (found.unit_prices ??= {})[model] = { times: [x] };
    else if (stated.kind === "unit" && !stated.token) (found.unit_prices ??= {})[model] = [x];
    else if (stated.kind === "unit") inGroup((found.unit_prices ??= {}), model, stated.token, x);
    else if (stated.kind === "regional") (found.regional_price ??= {})[facts.segments[stated.segment].name] = [x];
    else found[stated.kind] = [x];
  }
  return found;
}

function inGroup(prices, model, token, x) {
  const group = (prices[model] ??= {}), [first, below] = token.split(".");
  if (below) (group[first] ??= {})[below] = [x];
  else group[first] = [x];
}

// What the conditions ask, where some ask something else.
export function conditionsOf(facts, bounds) {
  const asked = structuredClone(facts.case.stated.conditions ?? []);
  for (const [k, bound] of Object.entries(bounds)) {
    const { index, side, factor } = facts.case.conditions[k];
    asked[index][side] = bound / factor;
  }
  return asked;
}

export const mixOf = (state) =>
  ({ enterprise_share: [state.share], ...(state.budget === null ? {} : { budget: [state.budget] }) });

// The case as plain data.
export function caseOf(facts, levers, state) {
  const { stated } = facts.case, plans = {}, off = [];
  state.menu.forEach((terms, j) => {
    const plan = facts.market.plans[j], name = plan.name;
    if (terms) plans[name] = { ...ladders(facts.market, levers[j], facts.case.plans[j], terms), withdraw: false };
    else if (plan.sold) {
      plans[name] = { withdraw: true };
      off.push({ name: `${name} is off the menu`, figure: "customers", plan: name, at_most: 0 });
    }
  });
  const assumed = Object.fromEntries(Object.entries(state.assumed).map(([path, x]) => [path, { to: x }]));
  const { title, question, market, changes, plans: _, mix: __, conditions: ___, ...rest } = stated;
  const made = { title: `${title} (a menu from the page)`, question, market: market ?? facts.case.market,
    ...(changes || Object.keys(assumed).length ? { changes: { ...changes, ...assumed } } : {}), plans,
    mix: mixOf(state), ...rest };
  const asked = conditionsOf(facts, state.bounds);
  if (asked.length || off.length) made.conditions = [...asked, ...off];
  return made;
}

export const exported = (facts, levers, state) =>
  `# A menu from the live page. Evaluated there, not proven best.\n${yaml(caseOf(facts, levers, state))}`;
