// A market at one menu. Mirrors market/evaluate.py.
import { leaving, nested, surplusChange } from "./choice.js";
import { FIELDS, add, amountsOf } from "./figures.js";
import { burstCost, reservedCost } from "./finance.js";
import { baseReach } from "./market.js";
import { gpusBusy } from "./serving.js";

const F = FIELDS.length;

// per: by plan what it does per customer, null off the menu. -> sums by plan, segment and field, and what else counts.
export function evaluate(market, per, enterpriseShare, budget = null) {
  const { types } = market, I = types.potential.length, S = market.segments.length;
  const found = {
    market, per, enterpriseShare, budget,
    base: baseReach(market, enterpriseShare, budget),
    attraction: besides(market, per),
    held: per.map((p) => p && new Float64Array(I)),
    total: new Float64Array(I),
    reached: new Float64Array(I),
    sums: per.map((p) => p && new Float64Array(S * F)),
    busy: market.pools.map(() => new Float64Array(market.blocks.length)),
    potential: new Float64Array(S), rivals: new Float64Array(S), rivalBills: new Float64Array(S),
  };
  const weight = new Float64Array(per.length);
  for (let i = 0; i < I; i++) typeOf(found, i, weight);
  return Object.assign(found, capacity(market, found.busy));
}

// Attraction of each plan beside the others of its nest.
function besides(market, per) {
  const found = per.map((p) => p && Float64Array.from(p.attraction));
  for (const { plans, dissimilarity } of market.nests) {
    const members = plans.filter((j) => per[j]);
    if (dissimilarity >= 1 || !members.length) continue;
    for (let i = 0; i < market.types.potential.length; i++) {
      const all = nested(members.map((j) => per[j].attraction[i]), dissimilarity);
      members.forEach((j, k) => { found[j][i] = all[k]; });
    }
  }
  return found;
}

// Customers of one type, and what they add to every sum. weight: room for the plans' stocks.
function typeOf(found, i, weight) {
  const { market, per, attraction } = found, { types } = market, s = types.segment[i], J = per.length;
  let denominator = 1, total = market.outsideAttraction[i], ours = 0;
  for (let j = 0; j < J; j++) {
    weight[j] = 0;
    if (!per[j] || !(attraction[j][i] > 0)) continue;
    weight[j] = attraction[j][i] / per[j].rate[i] / market.outside[i];
    denominator += (1 - per[j].referral[i]) * weight[j];
    total += attraction[j][i];
  }
  const staying = found.base[i] / denominator;
  found.total[i] = total;
  found.reached[i] = found.base[i];
  for (let j = 0; j < J; j++) {
    const n = weight[j] * staying, p = per[j];
    if (n === 0) continue;
    ours += n;
    found.held[j][i] = n;
    found.reached[i] += p.referral[i] * n;
    const again = attraction[j][i] / total, rate = p.rate[i];
    add(found.sums[j], s * F, amountsOf(p), i, n, again, leaving(rate, again), rate, p.bill[i] > 0 ? rate : 0);
    load(found, p, i, n);
  }
  const rest = types.potential[i] - ours;
  found.potential[s] += types.potential[i];
  found.rivals[s] += rest * market.rivals[i];
  found.rivalBills[s] += rest * market.rivalBills[i];
}

function load(found, p, i, n) {
  const { market } = found, P = market.pools.length, H = market.blocks.length;
  for (let b = 0; b < P; b++) for (let h = 0; h < H; h++) {
    found.busy[b][h] += gpusBusy(n * p.poolHours[i * P + b], market.types.hours[i * H + h], market.blocks[h].hours);
  }
}

// Bill of reserved and burst GPUs, and the burst.
function capacity(market, busy) {
  let cost = 0;
  const burst = market.pools.map(({ price, capacity: held }, b) => {
    if (!held) return busy[b].map(() => 0);
    cost += reservedCost(held.reserved, price, market.month_hours);
    const over = busy[b].map((gpus) => Math.max(0, gpus - held.reserved));
    over.forEach((gpus, h) => { cost += burstCost(gpus, market.blocks[h].hours, held.burst_price); });
    return over;
  });
  return { capacityCost: cost, burst };
}

// Who gains and who loses against another menu of the same market, by segment. Mirrors answer/responses.py.
export function segmentGains(now, before, least = 1e-9) {
  const { market } = now, { types } = market;
  const rows = market.segments.map(() => ({ surplus: 0, losing: 0, gaining: 0, people: 0 }));
  for (let i = 0; i < types.potential.length; i++) {
    const change = surplusChange(before.total[i], now.total[i], types.price_coefficient[i]),
      row = rows[types.segment[i]];
    row.people += before.reached[i];
    row.surplus += change * before.reached[i];
    if (change < -least) row.losing += before.reached[i];
    else if (change > least) row.gaining += before.reached[i];
  }
  return rows;
}
