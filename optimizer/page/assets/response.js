// What customers of each type do under an offer, and what that brings and costs. Mirrors economics/response.py.
import { accountUtility, decisionRate, systematicUtility } from "./choice.js";
import { advertisingRevenue, deciding, effectiveFee, listFee, paymentCost, seatFactor, takeUp } from "./finance.js";
import { answered, beyondCredits, billedSpend } from "./metered.js";
import { sold, spend } from "./overage.js";
import { fallbackServed, served } from "./usage.js";

const KEPT = 400;

// Use inside the allowance, by cell: served, refused, replaced by the fallback (C x A); the chance that a cap binds.
export function included(market, terms) {
  const key = JSON.stringify([terms.caps, terms.fallback, terms.fallbackLimit]); // no limit is null there
  let found = market.kept.get(key);
  if (found) return found;
  const A = market.ai_models.length, C = market.cells.requests.length, { cells } = market;
  found = { byModel: new Float64Array(C * A), refused: new Float64Array(C * A), replaced: new Float64Array(C * A),
    binds: new Float64Array(C) };
  for (let c = 0; c < C; c++) found.binds[c] = 1 - cellUse(market, cells, terms, found, c);
  if (market.kept.size >= KEPT) market.kept.clear();
  market.kept.set(key, found);
  return found;
}

// Fills one cell; the chance that no cap binds there.
function cellUse(market, cells, terms, found, c) {
  const A = market.ai_models.length;
  let quiet = 1;
  for (let a = 0; a < A; a++) {
    const wanted = cells.requests[c] * cells.split[c * A + a];
    if (wanted === 0) continue;
    let taken = 0, windows = [];
    if (terms.caps[a]) {
      windows = market.windows.filter((w) => w in terms.caps[a])
        .map((w) => ({ perMonth: cells.windows[w][c], sigma: cells.sigmas[w][c], cap: terms.caps[a][w] }));
      const [through, binds] = served(wanted, windows);
      taken = through;
      quiet *= 1 - binds;
    }
    found.byModel[c * A + a] += taken;
    let left = Math.max(wanted - taken, 0);
    if (terms.fallback !== null && terms.fallback !== a) {
      const extra = fallbackServed(wanted, taken, windows, terms.fallbackLimit);
      found.byModel[c * A + terms.fallback] += extra;
      found.replaced[c * A + a] = extra;
      left = Math.max(left - extra, 0);
    }
    found.refused[c * A + a] = left;
  }
  return quiet;
}

// Use of one type with what it buys: {byModel, satisfied, metered, lost}, before what a fee includes or asks at least.
function boughtUse(market, quality, terms, offers, inside, i) {
  const A = quality.length, at = market.types.cell[i] * A, { types } = market;
  const use = {
    byModel: inside.byModel.slice(at, at + A),
    refused: inside.refused.slice(at, at + A),
    replaced: inside.replaced.slice(at, at + A),
  };
  const spent = spend(use, quality, terms, offers, types.value_of_use[i], types.price_coefficient[i]);
  return { byModel: use.byModel, satisfied: spent.satisfied, metered: spent.metered, lost: sum(use.refused), felt: 0 };
}

const sum = (values) => values.reduce((total, x) => total + x, 0);
const positive = (values) => values.map((x) => Math.max(x, 0));

// The unit prices that today's purchases are known at; null where those of the terms are they.
function knownPrices(market, terms, references) {
  if (!market.types.price_elasticity || !references || terms.unitPrices.every((p) => p === null)) return null;
  const known = terms.unitPrices.map((p, a) => (references[a] === null || !p || !references[a] ? p : references[a]));
  return known.every((p, a) => p === terms.unitPrices[a]) ? null : known;
}

// A function type -> its use at the terms, (as billed), of an offer whose purchases are known at reference prices.
function usesOf(market, quality, terms, references) {
  const inside = included(market, terms), offers = sold(terms, quality), known = knownPrices(market, terms, references);
  const before = known && { ...terms, unitPrices: known }, knownOffers = known && sold(before, quality);
  const A = quality.length;
  return (i) => {
    const paid = boughtUse(market, quality, terms, offers, inside, i);
    paid.metered = billedSpend(paid.metered, terms.includedSpend, terms.leastSpend);
    paid.binds = inside.binds[market.types.cell[i]];
    const elasticity = known ? market.types.price_elasticity[i] : NaN;
    if (Number.isNaN(elasticity)) return paid;
    const at = market.types.cell[i] * A, served = inside.byModel.slice(at, at + A);
    const then = boughtUse(market, quality, before, knownOffers, inside, i);
    const taken = then.byModel.map((x, a) => x - served[a]), more = positive(taken);
    const answer = answered(more, terms.unitPrices, known, elasticity);
    const total = sum(more), grown = total > 0 ? sum(answer.bought) / total : 1;
    const owed = beyondCredits(answer.spend, terms.credits);
    return {
      byModel: served.map((x, a) => Math.max(x + answer.bought[a] + Math.min(taken[a], 0) * grown, 0)),
      satisfied: then.satisfied,
      metered: billedSpend(owed, terms.includedSpend, terms.leastSpend),
      binds: paid.binds,
      lost: sum(inside.refused.slice(at, at + A).map((x, a) => Math.max(x - answer.bought[a], 0))),
      felt: then.metered + answer.lost - owed,
    };
  };
}

// Everything a plan does per customer of each type, whatever else is on the menu.
export function perCustomer(market, plan, terms) {
  const { types, quality } = market, I = types.potential.length, A = quality.length, P = market.pools.length;
  const use = usesOf(market, quality, terms, plan.reference_prices);
  const share = takeUp(plan.annual_share, plan.annual_discount, plan.annual_sensitivity, terms.annualDiscount);
  const factor = deciding(share, plan.annual_share, plan.annual_decision_factor),
    fees = market.finance.fees[plan.channel];
  const found = { poolHours: new Float64Array(I * P), utility: new Float64Array(I), referral: plan.referral };
  for (const name of ["bill", "metered", "advertising", "impressions", "revenue", "serving", "servingAsUsed", "tokens",
    "payment", "support", "other", "gpuHours", "requests", "binds", "lost", "apiValue", "attraction", "rate"]) {
    found[name] = new Float64Array(I);
  }
  for (let i = 0; i < I; i++) {
    if (!plan.offered[i]) { found.utility[i] = NaN; continue; }
    const used = use(i), fee = effectiveFee(listFee(terms.price, terms.regional, types.segment[i]), share,
      terms.annualDiscount);
    const bill = fee * seatFactor(plan.seat_minimum, types.seats[i]) + used.metered;
    let requests = 0, shown = 0, tokens = 0, api = 0;
    for (let a = 0; a < A; a++) {
      requests += used.byModel[a];
      shown += used.byModel[a] * market.ai_models[a].impressions;
      tokens += used.byModel[a] * market.tokenCost[a];
      api += used.byModel[a] * (market.apiPrices[a] ?? 0);
      for (let p = 0; p < P; p++) found.poolHours[i * P + p] += used.byModel[a] * market.gpuHours[a][p];
    }
    shown *= terms.impressions;
    const plain = systematicUtility(plan.constant[i], types.value_of_use[i], used.satisfied,
      types.price_coefficient[i], bill + used.felt);
    const earned = requests * plan.advertising + advertisingRevenue(shown, plan.advertising_price);
    found.utility[i] = plain - shown * plan.impression_disutility[i];
    found.bill[i] = bill;
    found.metered[i] = used.metered;
    found.advertising[i] = earned;
    found.impressions[i] = shown;
    found.revenue[i] = bill + earned;
    servingOf(market, found, i, tokens);
    found.payment[i] = paymentCost(bill, fees.payment, fees.payment_fixed);
    found.support[i] = plan.support_cost;
    found.other[i] = market.finance.other_cost_of_revenue * (bill + earned);
    found.requests[i] = requests;
    found.binds[i] = used.binds;
    found.lost[i] = used.lost;
    found.apiValue[i] = api;
  }
  if (plan.by_account) found.utility = accountUtility(types, found.utility);
  decide(market, plan, factor, found);
  return found;
}

// Serving cost of one type: GPUs at each pool's price, and tokens bought.
function servingOf(market, found, i, tokens) {
  const P = market.pools.length;
  let hours = 0, cost = 0, asUsed = 0;
  for (let p = 0; p < P; p++) {
    const h = found.poolHours[i * P + p], { price, capacity } = market.pools[p];
    hours += h;
    cost += h * price;
    if (!capacity) asUsed += h * price;
  }
  found.gpuHours[i] = hours;
  found.tokens[i] = tokens;
  found.serving[i] = cost + tokens;
  found.servingAsUsed[i] = asUsed + tokens;
}

// Attraction, and the rate of deciding anew, from utility.
function decide(market, plan, factor, found) {
  const { types } = market;
  for (let i = 0; i < types.potential.length; i++) {
    if (!plan.offered[i]) continue;
    const reference = plan.reference_utility[i], change = found.utility[i] - reference;
    found.attraction[i] = Math.exp(found.utility[i]);
    found.rate[i] = decisionRate(plan.decision_rate[i] * factor, types.decision_rate_sensitivity[i],
      Number.isFinite(change) ? change : 0, plan.decision_rate_least, plan.decision_rate_most);
  }
}

// Attraction of an alternative and what its customers pay, by type.
export function alternativeResponse(market, facts) {
  const { types } = market, I = types.potential.length, quality = market.quality.map((q) => q * facts.quality);
  const use = usesOf(market, quality, facts.terms, facts.reference_prices);
  const bill = new Float64Array(I);
  let utility = new Float64Array(I);
  for (let i = 0; i < I; i++) {
    const used = use(i);
    bill[i] = facts.terms.price + used.metered;
    utility[i] = systematicUtility(facts.constant[i], types.value_of_use[i], used.satisfied,
      types.price_coefficient[i], bill[i] + used.felt);
  }
  if (facts.by_account) utility = accountUtility(types, utility);
  return { attraction: utility.map((v, i) => (facts.offered[i] ? Math.exp(v) : 0)), bill };
}
