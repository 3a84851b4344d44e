// A good menu at once, never a proof: ascent by single plans and by pairs over the ladders, with a price on what is
// missed. What a plan adds is kept by level, so that trying another level costs one pass over the customer types.
import { AMOUNTS, FIELDS, LINEAR, amountsOf, components, isTotal, takesPlan, takesSegment } from "./figures.js";
import { baseReach, termsOf } from "./market.js";
import { perCustomer } from "./response.js";
import { orderBroken, partOf } from "./rules.js";

const MOST_LEVELS = 400;
const AGAIN = { staying: "rate", payersStaying: "payersRate" }; // per chance of choosing the plan again
const PRICES = [0.3, 1, 3, 10, 30]; // of what is missed, in sizes of the aim
const HALVINGS = 9; // of the price at which conditions are weighed against the aim

// Every setting of a plan that its ladders allow, off the menu included; single moves where there are too many.
export function levelsOf(plan, now, levers) {
  const moving = levers.filter((l) => l.ladder.length > 1);
  let found = [now];
  const count = moving.reduce((n, l) => n * l.ladder.length, 1);
  if (count <= MOST_LEVELS) {
    for (const lever of levers) {
      if (lever.ladder.length) found = found.flatMap((t) => lever.ladder.map((x) => lever.set(t, x)));
    }
  } else found = [now, ...moving.flatMap((l) => l.ladder.map((x) => l.set(now, x)))];
  return plan.withdraw ? [...found, null] : found;
}

// A figure over a part as a row: weights of fields by plan and segment, and what does not follow customers.
function rowOf(facts, market, weighted) {
  const row = { parts: [], capacity: 0, fixed: market.plans.map(() => 0), rivals: market.segments.map(() => [0, 0]),
    constant: 0, marketing: 0 };
  for (const [weight, name, part] of weighted) {
    for (const [w, linear, within] of components(name, part, market.finance.free_serving_elsewhere)) {
      const f = facts.figures[linear], all = weight * w, total = isTotal(within);
      const fields = { ...LINEAR[linear] };
      if (total && f.serving) fields.contracted = -f.capacity;
      row.parts.push([all, fields, within]);
      if (total) { row.capacity += all * f.capacity; row.marketing += all * f.marketing; }
      market.plans.forEach((plan, j) => {
        if (f.fixed && within.segment === undefined && takesPlan(within, plan, j)) {
          row.fixed[j] += all * f.fixed * plan.fixed_cost;
        }
      });
      market.segments.forEach(({ channel }, s) => {
        if (!takesSegment(within, s) || (within.channels && !within.channels.includes(channel))) return;
        if (f.alternatives) row.rivals[s][f.alternatives === "revenue" ? 1 : 0] += all;
        if (f.constant) market.types.segment.forEach((of, i) => {
          if (of === s) row.constant += all * market.types.potential[i];
        });
      });
    }
  }
  return row;
}

const ratio = (facts, name) => (facts.figures[name].below ? [facts.figures[name].above, facts.figures[name].below]
  : [name, null]);

// The aim (weight, numerator, denominator or null), then a row for every condition, as positions of rows.
function rowsOf(facts, market) {
  const rows = [], add = (weighted, constant = 0) => {
    const r = rowOf(facts, market, weighted);
    r.constant += constant;
    return rows.push(r) - 1;
  };
  const aim = facts.case.aims[0];
  const terms = Object.entries(aim.weights).map(([name, weight]) => {
    const [above, below] = ratio(facts, name);
    const under = below === null ? null : add([[1, below, {}]]);
    return { weight: weight * aim.sense, above: add([[1, above, {}]]), below: under };
  });
  const limits = facts.case.conditions.map((c) => {
    const [above, below] = ratio(facts, c.figure), part = partOf(market, c);
    const target = c.bound - c.sense * facts.case.tolerance * Math.abs(c.bound);
    const weighted = [[c.sense, above, part], ...(below === null ? [] : [[-c.sense * target, below, part]])];
    const size = below === null ? Math.max(Math.abs(c.bound), 1e-12) : null;
    return { at: add(weighted, below === null ? -c.sense * target : 0), size };
  });
  return { rows, terms, limits };
}

// A market prepared for trying menus: what a plan brings at a level, and what a menu brings with one plan changed.
// One function, as its steps share arrays that are made once.
export function searcher(facts, market) {
  const { rows, terms, limits } = rowsOf(facts, market), { types } = market, I = types.potential.length,
    J = market.plans.length;
  const blocks = market.pools.flatMap((pool, p) => (pool.capacity
    ? market.blocks.map((b, h) => ({ ...pool.capacity, p, h, hours: b.hours })) : []));
  const reserved = market.pools.reduce((sum, p) => sum
    + (p.capacity ? p.capacity.reserved * p.price * market.month_hours : 0), 0);
  const R = rows.length, Q = R + blocks.length;
  const again = rows.some((r) => r.parts.some(([, fields]) => Object.keys(fields).some((f) => f in AGAIN)));
  const nest = market.plans.map((_, j) => market.nests.findIndex((n) => n.dissimilarity < 1 && n.plans.includes(j)));
  const lambda = nest.map((n) => (n < 0 ? 1 : market.nests[n].dissimilarity));
  const unit = market.nests.map((n) => Float64Array.from({ length: I }, (_, i) => nestUnit(market, n, i)));
  const offered = market.plans.map((p) => Int32Array.from([...p.offered.keys()].filter((i) => p.offered[i])));
  const elsewhere = market.plans.map((p) => Int32Array.from([...p.offered.keys()].filter((i) => !p.offered[i])));
  const constant = Float64Array.from({ length: Q },
    (_, q) => (q < R ? rows[q].constant + rows[q].capacity * reserved : 0));
  rows.forEach((r, q) => {
    for (let i = 0; i < I; i++) {
      const [n, u] = r.rivals[types.segment[i]];
      constant[q] += types.potential[i] * (n * market.rivals[i] + u * market.rivalBills[i]);
    }
  });
  const room = () => ({ b: new Float64Array(I), d: new Float64Array(I), v: new Float64Array(I * Q),
    g: new Float64Array(again ? I * Q : 0) });
  const tables = new Map(), none = room();

  // One plan at one setting: power in its nest, denominator, and what it brings to every row, all by type.
  function level(j, stated) {
    if (!stated) return none;
    const key = j + JSON.stringify(stated);
    if (!tables.has(key)) {
      tables.set(key, levelAt(j, perCustomer(market, market.plans[j], termsOf(market, market.plans[j], stated))));
    }
    return tables.get(key);
  }
  function levelAt(j, p) {
    const amounts = amountsOf(p), found = room(), P = market.pools.length, H = market.blocks.length;
    for (const i of offered[j]) {
      if (!(p.attraction[i] > 0)) continue;
      const b = nest[j] < 0 ? p.attraction[i] : (p.attraction[i] / unit[nest[j]][i]) ** (1 / lambda[j]),
        stock = b / p.rate[i] / market.outside[i];
      found.b[i] = b;
      found.d[i] = (1 - p.referral[i]) * stock;
      rows.forEach((r, q) => {
        const [n, u] = r.rivals[types.segment[i]], amount = (field) => amounts[i * AMOUNTS.length + field];
        const [x, y] = brought(r, market.plans[j], j, types.segment[i], amount);
        found.v[i * Q + q] = (x - n * market.rivals[i] - u * market.rivalBills[i]) * stock;
        if (again) found.g[i * Q + q] = y * stock * b;
      });
      blocks.forEach(({ p: pool, h, hours }, k) => {
        found.v[i * Q + R + k] = ((p.poolHours[i * P + pool] * types.hours[i * H + h]) / hours) * stock;
      });
    }
    return found;
  }

  const rest = { den: new Float64Array(I), T: new Float64Array(I), v: new Float64Array(I * Q),
    g: new Float64Array(again ? I * Q : 0) };
  const kin = room(), out = new Float64Array(Q), kept = new Float64Array(Q);
  let around = null;

  const factor = (n, i, b) => (n < 0 ? 1 : b > 0 ? unit[n][i] * b ** (market.nests[n].dissimilarity - 1) : 0);

  function gather(levels, members) {
    for (const k in kin) kin[k].fill(0);
    for (const j of members) {
      if (levels[j] === none) continue;
      for (const k in kin) { const x = levels[j][k], y = kin[k]; for (let n = 0; n < y.length; n++) y[n] += x[n]; }
    }
  }
  // Sums over all plans but one: those in a group with it (its nest, or those in none) apart from all others.
  function others(levels, skip, { base, budget }) {
    const group = nest[skip],
      members = (n) => nest.map((of, j) => (of === n && j !== skip ? j : -1)).filter((j) => j >= 0);
    rest.den.fill(1); rest.v.fill(0); rest.g.fill(0); rest.T.set(market.outsideAttraction);
    for (const n of new Set(nest)) {
      if (n === group) continue;
      gather(levels, members(n));
      for (let i = 0; i < I; i++) {
        const f = factor(n, i, kin.b[i]);
        rest.den[i] += f * kin.d[i];
        rest.T[i] += f * kin.b[i];
        for (let q = i * Q; q < (i + 1) * Q; q++) {
          rest.v[q] += f * kin.v[q];
          if (again) rest.g[q] += f * f * kin.g[q];
        }
      }
    }
    gather(levels, members(group));
    around = { group, skip, base };
    kept.set(constant);
    rows.forEach((r, q) => {
      kept[q] += r.marketing * (budget ?? 0);
      levels.forEach((l, j) => { if (l !== none && j !== skip) kept[q] += r.fixed[j]; });
    });
    sumOver(elsewhere[skip], none, kept);
  }
  // Adds what some types bring, with one plan at a level beside the others.
  function sumOver(some, l, into) {
    const { group, base } = around, power = group < 0 ? 0 : market.nests[group].dissimilarity - 1, units = unit[group];
    for (let k = 0; k < some.length; k++) {
      const i = some[k], b = kin.b[i] + l.b[i], f = group < 0 ? 1 : b > 0 ? units[i] * b ** power : 0;
      const y = base[i] / (rest.den[i] + f * (kin.d[i] + l.d[i])), o = i * Q;
      for (let q = 0; q < Q; q++) into[q] += y * (rest.v[o + q] + f * (kin.v[o + q] + l.v[o + q]));
      if (!again) continue;
      const T = rest.T[i] + f * b;
      for (let q = 0; q < Q; q++) into[q] += (y * (rest.g[o + q] + f * f * (kin.g[o + q] + l.g[o + q]))) / T;
    }
  }
  // The menu of `others` with the plan left out there at a level -> {missed, aim, slack}, slack relative by condition.
  function judge(l) {
    out.set(kept);
    if (l !== none) for (let q = 0; q < R; q++) out[q] += rows[q].fixed[around.skip];
    sumOver(offered[around.skip], l, out);
    let missed = 0;
    blocks.forEach((block, k) => {
      const over = Math.max(0, out[R + k] - block.reserved);
      for (let q = 0; q < R; q++) out[q] += rows[q].capacity * over * block.hours * block.burst_price;
      if (over > block.burst_limit * (1 + 1e-9)) {
        missed += (over - block.burst_limit) / (block.reserved + block.burst_limit || 1);
      }
    });
    let aim = 0;
    for (const t of terms) aim += (t.weight * out[t.above]) / (t.below === null ? 1 : out[t.below]);
    const scale = Math.max(Math.abs(out[terms[0].above]) * 1e-2, 1),
      slack = limits.map(({ at, size }) => out[at] / (size ?? scale));
    for (const x of slack) if (x < 0) missed -= x;
    return { missed, aim, slack };
  }
  return { level, others, judge, none };
}

function nestUnit(market, n, i) {
  const known = ({ reference_utility: at, constant }) => [at[i], constant[i]].find(Number.isFinite);
  const sizes = n.plans.map((j) => known(market.plans[j])).filter((v) => v !== undefined);
  return sizes.length ? Math.exp(Math.max(...sizes)) : 1;
}

// What a customer of a plan in a segment brings to a row, and what more if it chooses the plan again for sure.
function brought(row, plan, j, segment, amount) {
  let x = 0, y = 0;
  for (const [weight, fields, part] of row.parts) {
    if (!takesPlan(part, plan, j) || !takesSegment(part, segment)) continue;
    for (const f in fields) {
      const all = weight * fields[f] * amount(FIELDS.indexOf(AGAIN[f] ?? f));
      if (f in AGAIN) y += all;
      else x += all;
    }
  }
  return [x, y];
}

// Ways to say which of two menus is better: by the aim less a price on what is missed, by the aim with conditions
// weighed in, or strictly: first what is missed, then the aim.
const priced = (price) => (s) => s.aim - price * s.missed;
const weighed = (price, active) => (s) => s.aim
  + price * s.slack.reduce((sum, x, k) => sum + (active[k] ? x : Math.min(x, 0)), 0);
const better = (value) => (x, y) => value(x) > value(y) + 1e-9 * Math.abs(value(y));
const strictly = (x, y) => x.missed < y.missed - 1e-15
  || (x.missed <= y.missed && x.aim > y.aim + 1e-9 * Math.abs(y.aim));

// Steps of the search, for a caller who draws between them: yields the best so far, and returns the last.
// start: {menu, split} by position; choices: {levels by plan, shares, budgets, yearly}.
// One function, as its steps share what was tried.
export function* climb(facts, market, start, choices, { starts = 8 } = {}) {
  const s = searcher(facts, market), orders = facts.case.plan_order;
  const levels = choices.levels.map((all, j) => all.map((t) => s.level(j, t)));
  const terms = choices.levels.map((all, j) => all.map((t) => termsOf(market, market.plans[j], t)));
  const splits = choices.shares.flatMap((share) => choices.budgets.map((budget) => ({ share, budget,
    base: baseReach(market, share, budget) })));
  const free = levels.map((x, j) => (x.length > 1 ? j : -1)).filter((j) => j >= 0), known = new Map();
  let tried = 0;
  const ordered = (small, k, large, l) => {
    const key = ((small * 4096 + k) * 64 + large) * 4096 + l;
    if (!known.has(key)) {
      known.set(key, !orderBroken(market, terms[small][k], terms[large][l], choices.yearly(small, large)));
    }
    return known.get(key);
  };
  const mates = (order, j) => order.filter((k) => k !== j).map((k) => [k, order.indexOf(k) < order.indexOf(j)]);
  const kin = levels.map((_, j) => orders.flatMap((order) => (order.includes(j) ? mates(order, j) : [])));
  const keeps = (menu, j, k) => kin[j].every(([other, before]) =>
    before ? ordered(other, menu[other], j, k) : ordered(j, k, other, menu[other]));
  const allowed = (menu) => menu.every((k, j) => keeps(menu, j, k));
  const around = (menu, j, split) => s.others(menu.map((k, n) => levels[n][k]), j, splits[split]);
  const whole = (menu, split) => { around(menu, 0, split); tried++; return s.judge(levels[0][menu[0]]); };

  function* singles(state, wins) {
    for (let moved = true; moved; ) {
      moved = false;
      for (const j of free) {
        around(state.menu, j, state.split);
        for (let k = 0; k < levels[j].length; k++) {
          if (k === state.menu[j] || !keeps(state.menu, j, k)) continue;
          tried++;
          const score = s.judge(levels[j][k]);
          if (wins(score, state.score)) { state = { ...state, menu: state.menu.with(j, k), score }; moved = true; }
        }
      }
      for (let split = 0; split < splits.length; split++) {
        if (split === state.split) continue;
        const score = whole(state.menu, split);
        if (wins(score, state.score)) { state = { ...state, split, score }; moved = true; }
      }
      yield;
    }
    return state;
  }
  // Two at once: every level of one plan (or every split), and with it every level of another.
  function* pairs(state) {
    for (const i of [...free, -1]) for (const j of free) {
      if (i === j || (i >= 0
        && (levels[i].length > levels[j].length || (levels[i].length === levels[j].length && i > j)))) {
        continue;
      }
      const count = i < 0 ? splits.length : levels[i].length;
      for (let k = 0; k < count; k++) {
        const menu = i < 0 ? state.menu : state.menu.with(i, k), split = i < 0 ? k : state.split;
        around(menu, j, split);
        for (let l = 0; l < levels[j].length; l++) {
          if (!keeps(menu, j, l) || (i >= 0 && !keeps(menu.with(j, l), i, k))) continue;
          tried++;
          const score = s.judge(levels[j][l]);
          if (strictly(score, state.score)) state = { menu: menu.with(j, l), split, score };
        }
      }
      yield;
    }
    return state;
  }
  const from = (point) => ({ ...point, score: whole(point.menu, point.split) });
  function* hard(state) { return yield* singles(from(state), strictly); }

  // Conditions that bind weighed in at a price, halved towards the least at which they hold.
  function* weighedIn(point, size) {
    let top = yield* singles(from(point), better(priced(0))), found = yield* hard(top), low = 0, high = 30 * size;
    const active = top.score.slack.map((x) => x < 0);
    if (!active.includes(true)) return found;
    for (let n = 0; n < HALVINGS; n++) {
      const price = Math.sqrt(Math.max(low, 1e-3 * size) * high);
      top = yield* singles(from(top), better(weighed(price, active)));
      if (top.score.missed > 0) low = price;
      else high = price;
      const next = yield* hard(top);
      if (strictly(next.score, found.score)) found = next;
    }
    return found;
  }
  function* pricedOut(point, size) {
    let found = null;
    for (const price of PRICES) {
      const next = yield* hard(yield* singles(from(point), better(priced(price * size))));
      if (!found || strictly(next.score, found.score)) found = next;
    }
    return found;
  }
  function* improved(state) {
    for (let before = null; before !== state.score; ) {
      before = state.score;
      state = yield* hard(yield* pairs(state));
      if (!strictly(state.score, before)) break;
    }
    return state;
  }
  const told = (state) => ({
    menu: state.menu.map((k, j) => choices.levels[j][k]), share: splits[state.split].share,
      budget: splits[state.split].budget,
    value: state.score.aim * facts.case.aims[0].sense, missed: state.score.missed, tried,
  });
  let seed = 12345, best = null;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const anywhere = () => ({ menu: levels.map((x) => Math.floor(random() * x.length)),
    split: Math.floor(random() * splits.length) });
  const size = Math.max(Math.abs(whole(start.menu, start.split).aim), 1e-9);
  for (let n = 0, point = start; n < starts; n++) {
    for (const way of [weighedIn, pricedOut]) {
      const found = yield* way(point, size);
      if (allowed(found.menu) && (!best || strictly(found.score, best.score))) best = yield* improved(found);
      yield best && told(best);
    }
    do point = anywhere(); while (!allowed(point.menu) && random() > 1e-3);
  }
  return told(best ?? from(start));
}
