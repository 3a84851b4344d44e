// What can be moved: for every lever its name, its range, and how terms are read and written.
const ROOM = 0.3; // how far a slider reaches beyond its ladder, as a share of its ends
const STEPS = 400;
const ENDLESS = 14; // steps at the end of a slider that stand for no limit

const withAt = (list, k, value) => list.map((x, at) => (at === k ? value : x));
const twelve = (x) => +x.toPrecision(12);

function withCap(caps, window, value, windows) {
  const all = { ...caps, [window]: value };
  if (value === Infinity) delete all[window];
  return Object.fromEntries(windows.filter((w) => w in all).map((w) => [w, all[w]]));
}

const KINDS = {
  price: () => ({ label: "Price", unit: "usd a month", get: (t) => t.price, set: (t, x) => ({ ...t, price: x }) }),
  cap: (facts, { model, window }) => ({
    label: `${facts.ai_models[model].title} cap`, unit: `requests per ${window}`, log: true, endless: true, least: 0,
      whole: true,
    get: (t) => t.caps[model]?.[window] ?? Infinity,
    set: (t, x) => ({ ...t, caps: withAt(t.caps, model, withCap(t.caps[model], window, x, facts.windows)) }),
  }),
  unit: (facts, { model, at, token }, plan) => ({
    label: `${facts.ai_models[model].title} ${token ?? "unit"} price`, unit: plan.unit_prices[model].units[at],
      log: true,
    get: (t) => t.units[model][at],
    set: (t, x) => ({ ...t, units: withAt(t.units, model, withAt(t.units[model], at, x)) }),
  }),
  units: (facts, { model, today }) => ({
    label: `${facts.ai_models[model].title} unit prices`, unit: "times today's", log: true,
    get: (t) => t.units[model][0] / today[0],
    set: (t, x) => ({ ...t, units: withAt(t.units, model, today.map((y) => (x === 1 ? y : twelve(x * y)))) }),
  }),
  impressions: () => ({ label: "Advertisements", unit: "a request", get: (t) => t.impressions,
    set: (t, x) => ({ ...t, impressions: x }), most: 1 }),
  annual_discount: () => ({ label: "Discount by the year", unit: "of the fee", share: true,
    get: (t) => t.annual_discount, set: (t, x) => ({ ...t, annual_discount: x }), most: 0.5 }),
  credits: () => ({ label: "Credits", unit: "usd a month", get: (t) => t.credits,
    set: (t, x) => ({ ...t, credits: x }), most: 20 }),
  regional: (facts, { segment, unit }) => ({
    label: `Price for ${facts.segments[segment].title}`, unit: unit.replace("/", " a "),
    get: (t) => t.regional[segment], set: (t, x) => ({ ...t, regional: { ...t.regional, [segment]: x } }),
  }),
};

// The levers of a plan, each with its ladder (unlimited last) and the range of its slider.
export function leversOf(facts, levers, j) {
  const plan = facts.plans[j];
  return levers.map((stated) => {
    const lever = { kind: stated.kind, range: stated.range, ladder: stated.ladder.map((x) => x ?? Infinity),
      ...KINDS[stated.kind](facts, stated, plan) };
    return ranged(lever, lever.get(plan.terms));
  });
}

// A lever with the ends of its slider around its ladder, or around today's value where it has none.
export function ranged(lever, today) {
  const finite = lever.ladder.filter(Number.isFinite), known = finite.length ? finite
    : [today === Infinity ? 100 : today];
  const room = finite.length > 1 ? ROOM : 0.6;
  let low = Math.min(...known) * (1 - room), high = Math.max(...known) * (1 + room);
  if (lever.most !== undefined) [low, high] = [0, Math.max(high, lever.most)];
  if (lever.kind === "cap") {
    [low, high] = [Math.min(...known) > 0 ? Math.max(1, low) : 0, Math.max(5, Math.max(...known) * 2)];
  }
  if (lever.ends) [low, high] = lever.ends;
  if (!(high > low)) high = low + 1;
  return { ...lever, low, high, log: Boolean(lever.log && low > 0), top: lever.endless ? STEPS + ENDLESS : STEPS };
}

export function toStep(lever, x) {
  if (x === Infinity) return lever.top;
  const { low, high, log } = lever, part = log ? Math.log(Math.max(x, low) / low) / Math.log(high / low)
    : (x - low) / (high - low);
  return STEPS * Math.min(Math.max(part, 0), 1);
}

// The value at a step: a rung of the ladder that is near, else rounded as the kind is.
export function fromStep(lever, step) {
  if (lever.endless && step > STEPS + ENDLESS / 2) return Infinity;
  const part = Math.min(step, STEPS) / STEPS, { low, high, log } = lever;
  const exact = log ? low * (high / low) ** part : low + (high - low) * part;
  const near = lever.ladder.find((rung) => Math.abs(toStep(lever, rung) - step) < 2.5);
  if (near !== undefined) return near;
  if (lever.whole) return Math.max(lever.least ?? 0, Math.round(exact));
  if (lever.kind === "price") return Math.round(exact * 4) / 4;
  return +exact.toPrecision(lever.share ? 2 : 3);
}

// The next rung up or down; a step of the slider where there is no ladder.
export function nextRung(lever, x, up) {
  const { ladder } = lever, apart = 1e-9;
  if (ladder.length > 1) {
    const found = up ? ladder.find((v) => v > x * (1 + apart)) : ladder.findLast((v) => v < x * (1 - apart));
    if (found !== undefined) return found;
  }
  return fromStep(lever, Math.min(Math.max(toStep(lever, x) + (up ? 8 : -8), 0), lever.top));
}

const same = (a, b) => a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));

// Whether the case allows a value; a lever without a ladder is held as it is today.
export const onLadder = (lever, x, today) => (lever.range ? x >= lever.range[0] && x <= lever.range[1]
  : lever.ladder.length ? lever.ladder.some((v) => same(v, x)) : same(x, today));

export function typed(lever, text) {
  if (lever.endless && /^(inf|unl|no|∞)/i.test(text.trim())) return Infinity;
  const share = /%\s*$/.test(text) ? 0.01 : 1, x = Number(text.replace("%", "").replaceAll(",", "").trim()) * share;
  return text.trim() && x >= 0 && Number.isFinite(x) ? x : undefined;
}
