// A market in numbers, from the facts and from what a reader assumes otherwise. Mirrors market/prepare.py.
import { reachShare } from "./choice.js";
import { unitPrice } from "./metered.js";
import { alternativeResponse } from "./response.js";
import { supply } from "./serving.js";

const ARRAYS = { f8: Float64Array, u2: Uint16Array, u1: Uint8Array };

// The packed facts as plain data with arrays in it; see payload.py.
export async function unpacked(base64) {
  const packed = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  const size = Number(new DataView(bytes).getBigUint64(0, true));
  const at = ([first, count, kind]) => new ARRAYS[kind](bytes, 8 + size + first, count);
  return JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, size)),
    (_, value) => (value?.$ ? at(value.$) : value));
}

// Terms as the formulas want them: usd a request, usd by segment, no cap as Infinity.
export function termsOf(market, offer, stated) {
  if (!stated) return null;
  const regional = {};
  for (const [segment, local] of Object.entries(stated.regional)) {
    regional[segment] = local * offer.regions[market.segments[segment].name];
  }
  return {
    price: stated.price,
    caps: stated.caps,
    unitPrices: stated.units.map((values, a) => values && unitPrice(market.ai_models[a], offer.unit_prices[a], values)),
    fallback: stated.fallback,
    fallbackLimit: stated.fallback_limit ?? Infinity,
    leastSpend: stated.least_spend,
    includedSpend: stated.included_spend,
    impressions: stated.impressions,
    annualDiscount: stated.annual_discount ?? offer.annual_discount ?? 0,
    regional,
    credits: stated.credits,
  };
}

// What a request costs on the API: the lowest unit price that any plan of the API asks, by AI model.
function apiPrices(market) {
  const own = market.plans.filter((p) => p.channel === "api").map((p) => termsOf(market, p, p.terms).unitPrices);
  const lower = (one, other) => (one === null ? other : Math.min(one, other ?? Infinity));
  return market.ai_models.map((_, a) => own.reduce((least, prices) => lower(prices[a], least), null));
}

// Stocks and bills of the alternatives, nothing included, by type: what is not with us.
function outsideOf(market) {
  const I = market.types.potential.length;
  const outside = new Float64Array(I).fill(1 / market.nothing_decision_rate), attraction = new Float64Array(I).fill(1);
  const rivals = new Float64Array(I), bills = new Float64Array(I);
  const each = market.alternatives.map((a) => alternativeResponse(market,
    { ...a, terms: termsOf(market, a, a.terms) }));
  market.alternatives.forEach((a, r) => {
    for (let i = 0; i < I; i++) {
      const stock = each[r].attraction[i] / a.decision_rate;
      outside[i] += stock;
      attraction[i] += each[r].attraction[i];
      if (!a.rival) continue;
      rivals[i] += stock;
      bills[i] += stock * each[r].bill[i];
    }
  });
  return { outside, outsideAttraction: attraction, rivals: rivals.map((x, i) => x / outside[i]),
    rivalBills: bills.map((x, i) => x / outside[i]) };
}

export function marketOf(facts) {
  const market = { ...facts, quality: facts.ai_models.map((m) => m.quality), kept: new Map(), ...supply(facts) };
  market.apiPrices = apiPrices(market);
  return Object.assign(market, outsideOf(market));
}

// People reached by go-to-market at a split of the budget, by type.
export function baseReach(market, enterpriseShare, budget) {
  const { reach, types, segments } = market, spend = budget ?? reach.budget;
  const consumer = reachShare(spend * (1 - enterpriseShare), reach.consumer);
  const enterprise = reachShare(spend * enterpriseShare, reach.enterprise);
  return types.potential.map((n, i) => n * (segments[types.segment[i]].channel === "consumer" ? consumer : enterprise));
}
