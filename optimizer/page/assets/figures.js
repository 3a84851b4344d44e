// The business figures at a menu. Mirrors economics/figures.py; what is known of each comes with the facts.
import { kept } from "./choice.js";

const paying = (p, i) => (p.bill[i] > 0 ? 1 : 0);

// What adds up over customers, whatever else is on the menu: field -> amount a customer of type i.
const AMOUNT = {
  customers: () => 1,
  paying: (p, i) => paying(p, i),
  revenue: (p, i) => p.revenue[i],
  metered: (p, i) => p.metered[i],
  advertising: (p, i) => p.advertising[i],
  impressions: (p, i) => p.impressions[i],
  payingRevenue: (p, i) => p.revenue[i] * paying(p, i),
  serving: (p, i) => p.serving[i],
  tokens: (p, i) => p.tokens[i],
  payingServing: (p, i) => p.serving[i] * paying(p, i),
  contracted: (p, i) => p.serving[i] - p.servingAsUsed[i],
  payment: (p, i) => p.payment[i],
  other: (p, i) => p.other[i],
  support: (p, i) => p.support[i],
  rate: (p, i) => p.rate[i],
  payersRate: (p, i) => p.rate[i] * paying(p, i),
  gpuHours: (p, i) => p.gpuHours[i],
  requests: (p, i) => p.requests[i],
  binds: (p, i) => p.binds[i],
  apiValue: (p, i) => p.apiValue[i],
  referral: (p, i) => p.referral[i],
};
export const AMOUNTS = Object.values(AMOUNT);
// And what hangs on the chance of choosing the same plan again: who stays, who leaves.
export const FIELDS = [...Object.keys(AMOUNT), "staying", "payersStaying", "inflow", "inflowKept"];

// Adds n customers of a type to a row of fields; amounts: those of the plan by type.
export function add(row, at, amounts, i, n, again, leavingRate, rate, payersRate) {
  const plain = AMOUNTS.length;
  for (let f = 0, o = i * plain; f < plain; f++) row[at + f] += n * amounts[o + f];
  row[at + plain] += n * rate * again;
  row[at + plain + 1] += n * payersRate * again;
  row[at + plain + 2] += n * leavingRate;
  row[at + plain + 3] += n * leavingRate * kept(leavingRate, 12);
}

// Amounts of a plan by type and field.
export function amountsOf(p) {
  if (p.amounts) return p.amounts;
  const I = p.bill.length, F = AMOUNTS.length;
  p.amounts = new Float64Array(I * F);
  for (let f = 0; f < F; f++) for (let i = 0; i < I; i++) p.amounts[i * F + f] = AMOUNTS[f](p, i);
  return p.amounts;
}

const AT = Object.fromEntries(FIELDS.map((name, f) => [name, f]));
const GROSS = { revenue: 1, serving: -1, payment: -1, other: -1 };

// Linear figures as sums of fields.
export const LINEAR = {
  customers: { customers: 1 },
  paying_customers: { paying: 1 },
  free_customers: { customers: 1, paying: -1 },
  revenue: { revenue: 1 },
  metered_revenue: { metered: 1 },
  advertising_revenue: { advertising: 1 },
  impressions: { impressions: 1 },
  paying_revenue: { payingRevenue: 1 },
  serving_cost: { serving: 1 },
  token_cost: { tokens: 1 },
  free_serving_cost: { serving: 1, payingServing: -1 },
  paying_serving_cost: { payingServing: 1 },
  payment_cost: { payment: 1 },
  other_cost_of_revenue: { other: 1 },
  support_cost: { support: 1 },
  marketing_cost: {},
  plan_cost: {},
  gross_margin: GROSS,
  contribution_margin: { ...GROSS, support: -1 },
  payers_margin: { payingRevenue: 1, payingServing: -1 },
  deciding_customers: { rate: 1 },
  churned_customers: { rate: 1, staying: -1 },
  churned_payers: { payersRate: 1, payersStaying: -1 },
  gpu_hours: { gpuHours: 1 },
  requests: { requests: 1 },
  cap_bound_customers: { binds: 1 },
  api_value: { apiValue: 1 },
  referred_customers: { referral: 1 },
  rival_customers: {},
  rival_revenue: {},
  potential: {},
  served_customers: { customers: 1 },
  served_revenue: { revenue: 1 },
};

const within = (part, channels) =>
  ({ ...part, channels: channels.filter((c) => !part.channels || part.channels.includes(c)) });

// Composite figures as weights of linear ones over parts of the business.
const COMPOSITES = {
  people: (part) => [[1, "customers", within(part, ["consumer"])]],
  seats: (part) => [[1, "customers", within(part, ["enterprise"])]],
  accounts: (part) => [[1, "customers", within(part, ["api"])]],
  potential_people: (part) => [[1, "potential", within(part, ["consumer"])]],
  potential_seats: (part) => [[1, "potential", within(part, ["enterprise"])]],
  potential_accounts: (part) => [[1, "potential", within(part, ["api"])]],
  business_revenue: (part) => [[1, "revenue", within(part, ["enterprise", "api"])]],
  accounting_margin: (part, elsewhere) => [[1, "gross_margin", part], [elsewhere, "free_serving_cost", part]],
};

// A linear or composite figure as weights of linear ones.
export const components = (name, part, elsewhere) => COMPOSITES[name]?.(part, elsewhere) ?? [[1, name, part]];

export const isTotal = (part) => part.plan === undefined && part.segment === undefined && !part.channels;

export const takesPlan = (part, plan, j) =>
  (part.plan === undefined || part.plan === j) && (!part.channels || part.channels.includes(plan.channel));

export const takesSegment = (part, s) => part.segment === undefined || part.segment === s;

// A figure over a part of the business: {plan, segment: positions, channels: names}; NaN for a ratio over 0.
export function figure(about, e, name, part = {}) {
  const f = about[name], { market } = e;
  if (!f) throw new Error(`no figure is called ${name}`);
  if (f.kind === "cohort") {
    const inflow = added(e, { inflow: 1 }, part);
    return inflow > 0 ? added(e, { inflowKept: 1 }, part) / inflow : NaN;
  }
  if (f.kind === "ratio") {
    const below = figure(about, e, f.below, part);
    return below === 0 ? NaN : figure(about, e, f.above, part) / below;
  }
  return components(name, part, market.finance.free_serving_elsewhere)
    .reduce((sum, [weight, linear, within]) => sum + weight * linearFigure(about[linear], e, linear, within), 0);
}

// Fields summed over the plans and segments of a part.
export function added(e, weights, part) {
  let total = 0;
  e.per.forEach((p, j) => {
    if (!p || !takesPlan(part, e.market.plans[j], j)) return;
    for (let s = 0; s < e.market.segments.length; s++) {
      if (!takesSegment(part, s)) continue;
      for (const field in weights) total += weights[field] * e.sums[j][s * FIELDS.length + AT[field]];
    }
  });
  return total;
}

function linearFigure(f, e, name, part) {
  const { market } = e, total = isTotal(part);
  let value = added(e, LINEAR[name], part);
  if (total && f.serving) value -= f.capacity * added(e, { contracted: 1 }, part);
  if (f.fixed && part.segment === undefined) {
    market.plans.forEach((plan, j) => {
      if (e.per[j] && takesPlan(part, plan, j)) value += f.fixed * plan.fixed_cost;
    });
  }
  const people = (table) => market.segments.reduce((sum, { channel }, s) =>
    takesSegment(part, s) && (!part.channels || part.channels.includes(channel)) ? sum + table[s] : sum, 0);
  if (f.constant === "potential") value += people(e.potential);
  if (f.alternatives) value += people(f.alternatives === "revenue" ? e.rivalBills : e.rivals);
  if (total) value += f.capacity * e.capacityCost + f.marketing * (e.budget ?? 0);
  return value;
}
