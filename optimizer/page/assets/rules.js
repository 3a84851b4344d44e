// Rules between plans and conditions on figures. Mirrors model/choices.py, model/further.py and answer/audit.py.
import { figure } from "./figures.js";
import { sold, spend } from "./overage.js";
import { included } from "./response.js";

const SAME = 1e-9;

// Quality-weighted requests a month that a plan gives each cell for its fee.
export function gives(market, terms) {
  const inside = included(market, terms), A = market.quality.length, offers = sold(terms, market.quality);
  return market.cells.requests.map((_, c) => {
    const part = (rows) => rows.slice(c * A, c * A + A), byModel = part(inside.byModel);
    if (!terms.credits) return byModel.reduce((sum, x, a) => sum + x * market.quality[a], 0);
    return spend({ byModel, refused: part(inside.refused), replaced: part(inside.replaced) }, market.quality, terms,
      offers, 0, 1).satisfied;
  });
}

function fees(terms, places, yearly) {
  const all = [terms.price, ...places.map((k) => terms.regional[k] ?? terms.price)];
  return yearly ? [...all, ...all.map((x) => x * (1 - terms.annualDiscount))] : all;
}

// Why a larger plan does not keep the order with a smaller one; null where it does, or where one is off the menu.
export function orderBroken(market, small, large, yearly) {
  if (!small || !large) return null;
  const places = [...new Set([...Object.keys(small.regional), ...Object.keys(large.regional)])];
  const less = fees(small, places, yearly), more = fees(large, places, yearly);
  if (more.some((fee, k) => fee < less[k] * (1 - SAME))) return "costs less";
  if (large.impressions > small.impressions) return "shows more advertising";
  const given = gives(market, large);
  return gives(market, small).some((x, c) => given[c] < x * (1 - SAME)) ? "gives less" : null;
}

// Every broken order: {small, large, why}, plans by position.
export function brokenOrders(market, orders, terms, yearly = () => false) {
  const found = [];
  for (const order of orders) for (let a = 0; a < order.length; a++) for (let b = a + 1; b < order.length; b++) {
    const [small, large] = [order[a], order[b]],
      why = orderBroken(market, terms[small], terms[large], yearly(small, large));
    if (why) found.push({ small, large, why });
  }
  return found;
}

export const partOf = (market, c) => ({
  ...(c.plan === null ? {} : { plan: market.plans.findIndex((p) => p.name === c.plan) }),
  ...(c.segment === null ? {} : { segment: market.segments.findIndex((s) => s.name === c.segment) }),
  ...(c.channels === null ? {} : { channels: c.channels }),
});

// Every condition at a menu: value, state, and how far inside its bound it is, relative.
export function conditionsAt(facts, e) {
  return facts.case.conditions.map((c) => {
    const part = partOf(e.market, c), value = figure(facts.figures, e, c.figure, part), size = Math.abs(c.bound);
    const free = c.floor !== null && part.plan !== undefined && !e.per[part.plan];
    const below = facts.figures[c.figure].below;
    const counts = c.floor === null || free
      || figure(facts.figures, e, below, part) >= c.floor * (1 - facts.case.tolerance);
    const slack = free ? 0 : c.sense * (value - c.bound);
    const met = counts && slack >= -facts.case.tolerance * size * (1 + SAME);
    const state = met ? (!free && Math.abs(slack) <= 0.005 * Math.max(size, 1e-12) ? "tight" : "met") : "broken";
    return { ...c, value, state, room: slack / Math.max(size, 1e-12) };
  });
}

// GPUs asked for beyond what may be rented at all, by pool and block.
export function beyondCapacity(e) {
  const found = [];
  e.market.pools.forEach(({ name, capacity }, b) => {
    if (!capacity) return;
    e.burst[b].forEach((gpus, h) => {
      if (gpus > capacity.burst_limit * (1 + 1e-9)) {
        found.push({ pool: name, block: e.market.blocks[h].name, gpus: gpus - capacity.burst_limit });
      }
    });
  });
  return found;
}
