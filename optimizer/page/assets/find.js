// A good menu at once, never a proof: ascent by single plans and by pairs over the ladders, with a price on what is
// missed. What a plan adds is kept by level, so that trying another level costs one pass over the customer types.
import { AMOUNTS, FIELDS, LINEAR, amountsOf, components, isTotal, takesPlan, takesSegment } from "./figures.js";
import { baseReach, termsOf } from "./market.js";
import { perCustomer } from "./response.js";
import { orderBroken, partOf } from "./rules.js";

const MOST_LEVELS = 400;
const AGAIN = { staying: "rate", payersStaying: "payersRate" }; // per chance of choosing the plan again
const PRICES = [0.3, 1, 3, 10, 30]; // of what is missed, in sizes of the aim

// Every setting of a plan that its ladders allow, off the menu included; single moves where there are too many.
export function levelsOf(plan, now, levers) {
  const moving = levers.filter((l) => l.ladder.length > 1);
  let found = [now];
  const count = moving.reduce((n, l) => n * l.ladder.length, 1);
  if (count <= MOST_LEVELS) {
    for (const lever of levers) if (lever.ladder.length) found = found.flatMap((t) => lever.ladder.map((x) => lever.set(t, x)));
  } else found = [now, ...moving.flatMap((l) => l.ladder.map((x) => l.set(now, x)))];
  return plan.withdraw ? [...found, null] : found;
}

// A figure over a part as a row: weights of fields by plan and segment, and what does not follow customers.
function rowOf(facts, market, weighted) {
  const row = { parts: [], capacity: 0, fixed: market.plans.map(() => 0), rivals: market.segments.map(() => [0, 0]), constant: 0, marketing: 0 };
  for (const [weight, name, part] of weighted) {
    for (const [w, linear, within] of components(name, part, market.finance.free_serving_elsewhere)) {
      const f = facts.figures[linear], all = weight * w, total = isTotal(within);
      const fields = { ...LINEAR[linear] };
      if (total && f.serving) fields.contracted = -f.capacity;
      row.parts.push([all, fields, within]);
      if (total) { row.capacity += all * f.capacity; row.marketing += all * f.marketing; }
      market.plans.forEach((plan, j) => { if (f.fixed && within.segment === undefined && takesPlan(within, plan, j)) row.fixed[j] += all * f.fixed * plan.fixed_cost; });
      market.segments.forEach(({ channel }, s) => {
        if (!takesSegment(within, s) || (within.channels && !within.channels.includes(channel))) return;
        if (f.alternatives) row.rivals[s][f.alternatives === "revenue" ? 1 : 0] += all;
        if (f.constant) market.types.segment.forEach((of, i) => { if (of === s) row.constant += all * market.types.potential[i]; });
      });
    }
  }
  return row;
}

const ratio = (facts, name) => (facts.figures[name].below ? [facts.figures[name].above, facts.figures[name].below] : [name, null]);

// The aim (weight, numerator, denominator or null), then a row for every condition, as positions of rows.
function rowsOf(facts, market) {
  const rows = [], add = (weighted, constant = 0) => { const r = rowOf(facts, market, weighted); r.constant += constant; return rows.push(r) - 1; };
  const aim = facts.case.aims[0];
  const terms = Object.entries(aim.weights).map(([name, weight]) => {
    const [above, below] = ratio(facts, name);
    return { weight: weight * aim.sense, above: add([[1, above, {}]]), below: below === null ? null : add([[1, below, {}]]) };
  });
  const limits = facts.case.conditions.map((c) => {
    const [above, below] = ratio(facts, c.figure), part = partOf(market, c);
    const target = c.bound - c.sense * facts.case.tolerance * Math.abs(c.bound);
    const weighted = [[c.sense, above, part], ...(below === null ? [] : [[-c.sense * target, below, part]])];
    return { at: add(weighted, below === null ? -c.sense * target : 0), size: below === null ? Math.max(Math.abs(c.bound), 1e-12) : null };
  });
  return { rows, terms, limits };
}

export function searcher(facts, market) {
  const { rows, terms, limits } = rowsOf(facts, market), { types } = market, I = types.potential.length;
  const blocks = market.pools.flatMap((pool, p) => (pool.capacity ? market.blocks.map((b, h) => ({ ...pool.capacity, p, h, hours: b.hours })) : []));
  const reserved = market.pools.reduce((sum, p) => sum + (p.capacity ? p.capacity.reserved * p.price * market.month_hours : 0), 0);
  const R = rows.length, Q = R + blocks.length, J = market.plans.length;
  const again = rows.some((r) => r.parts.some(([, fields]) => Object.keys(fields).some((f) => f in AGAIN)));
  const nest = market.plans.map((_, j) => market.nests.findIndex((n) => n.dissimilarity < 1 && n.plans.includes(j)));
  const lambda = nest.map((n) => (n < 0 ? 1 : market.nests[n].dissimilarity));
  const unit = market.nests.map((n) => Float64Array.from({ length: I }, (_, i) => Math.exp(Math.max(...n.plans.map((j) => {
    const v = market.plans[j].reference_utility[i];
    return Number.isFinite(v) ? v : Number.isFinite(market.plans[j].constant[i]) ? market.plans[j].constant[i] : -700;
  })))));
  const constant = Float64Array.from({ length: Q }, (_, q) => (q < R ? rows[q].constant + rows[q].capacity * reserved : 0));
  rows.forEach((r, q) => { for (let i = 0; i < I; i++) { const [n, u] = r.rivals[types.segment[i]]; constant[q] += types.potential[i] * (n * market.rivals[i] + u * market.rivalBills[i]); } });
  const tables = new Map();

  // One plan at one setting: power in its nest, stock, denominator, and what it brings to every row.
  function level(j, stated) {
    if (!stated) return null;
    const key = j + JSON.stringify(stated);
    if (tables.has(key)) return tables.get(key);
    const plan = market.plans[j], p = perCustomer(market, plan, termsOf(market, plan, stated));
    const amounts = amountsOf(p), found = { b: new Float64Array(I), d: new Float64Array(I), v: new Float64Array(I * Q), g: again ? new Float64Array(I * Q) : null };
    for (let i = 0; i < I; i++) {
      if (!(p.attraction[i] > 0)) continue;
      const b = nest[j] < 0 ? p.attraction[i] : (p.attraction[i] / unit[nest[j]][i]) ** (1 / lambda[j]), stock = b / p.rate[i] / market.outside[i];
      found.b[i] = b;
      found.d[i] = (1 - p.referral[i]) * stock;
      rows.forEach((r, q) => {
        let x = 0, y = 0;
        for (const [weight, fields, part] of r.parts) {
          if (!takesPlan(part, plan, j) || !takesSegment(part, types.segment[i])) continue;
          for (const f in fields) {
            const amount = weight * fields[f] * amounts[i * AMOUNTS.length + FIELDS.indexOf(AGAIN[f] ?? f)];
            if (f in AGAIN) y += amount;
            else x += amount;
          }
        }
        const [n, u] = r.rivals[types.segment[i]];
        found.v[i * Q + q] = (x - n * market.rivals[i] - u * market.rivalBills[i]) * stock;
        if (again) found.g[i * Q + q] = y * stock * b;
      });
      blocks.forEach(({ p: pool, h, hours }, k) => { found.v[i * Q + R + k] = (p.poolHours[i * market.pools.length + pool] * types.hours[i * market.blocks.length + h]) / hours * stock; });
    }
    tables.set(key, found);
    return found;
  }

  const rest = { den: new Float64Array(I), T: new Float64Array(I), v: new Float64Array(I * Q), g: new Float64Array(again ? I * Q : 0) };
  const kin = { b: new Float64Array(I), d: new Float64Array(I), v: new Float64Array(I * Q), g: new Float64Array(again ? I * Q : 0) };
  const out = new Float64Array(Q), fixed = new Float64Array(Q);

  const factor = (n, i, power) => (n < 0 ? 1 : power > 0 ? unit[n][i] * power ** (lambda[market.nests[n].plans[0]] - 1) : 0);

  function gather(into, levels, members) {
    for (const k in into) into[k].fill(0);
    for (const j of members) if (levels[j]) for (const k in into) if (levels[j][k]) { const x = levels[j][k], y = into[k]; for (let n = 0; n < y.length; n++) y[n] += x[n]; }
  }

  // Sums over all plans but some of one group (a nest, or those in none): that group apart, all others together.
  function others(levels, skip, group) {
    rest.den.fill(1); rest.v.fill(0); rest.g.fill(0); rest.T.set(market.outsideAttraction); fixed.fill(0);
    for (const n of new Set(nest)) {
      const members = nest.map((of, j) => (of === n && !skip.includes(j) ? j : -1)).filter((j) => j >= 0);
      gather(kin, levels, members);
      if (n === group) continue;
      for (let i = 0; i < I; i++) {
        const f = factor(n, i, kin.b[i]);
        rest.den[i] += f * kin.d[i];
        rest.T[i] += f * kin.b[i];
        for (let q = i * Q; q < (i + 1) * Q; q++) { rest.v[q] += f * kin.v[q]; if (again) rest.g[q] += f * f * kin.g[q]; }
      }
    }
    gather(kin, levels, nest.map((of, j) => (of === group && !skip.includes(j) ? j : -1)).filter((j) => j >= 0));
    rows.forEach((r, q) => levels.forEach((l, j) => { if (l && !skip.includes(j)) fixed[q] += r.fixed[j]; }));
  }

  // The menu of `others` with some plans of the group added -> [what is missed, aim]
  function judge(group, added, base, budget, price) {
    out.set(constant);
    for (let q = 0; q < R; q++) { out[q] += fixed[q] + rows[q].marketing * (budget ?? 0); for (const [j, l] of added) if (l) out[q] += rows[q].fixed[j]; }
    for (let i = 0; i < I; i++) {
      let b = kin.b[i], d = kin.d[i];
      for (const [, l] of added) if (l) { b += l.b[i]; d += l.d[i]; }
      const f = factor(group, i, b), y = base[i] / (rest.den[i] + f * d), T = rest.T[i] + f * b;
      for (let q = 0, o = i * Q; q < Q; q++, o++) {
        let v = kin.v[o], g = again ? kin.g[o] : 0;
        for (const [, l] of added) if (l) { v += l.v[o]; if (again) g += l.g[o]; }
        out[q] += y * (rest.v[o] + f * v + (again ? (rest.g[o] + f * f * g) / T : 0));
      }
    }
    return scored(price);
  }

  function scored(price) {
    let missed = 0;
    for (let k = 0; k < blocks.length; k++) {
      const block = blocks[k], over = Math.max(0, out[R + k] - block.reserved);
      for (let q = 0; q < R; q++) out[q] += rows[q].capacity * over * block.hours * block.burst_price;
      if (over > block.burst_limit * (1 + 1e-9)) missed += (over - block.burst_limit) / (block.reserved + block.burst_limit || 1);
    }
    const aim = terms.reduce((sum, t) => sum + (t.weight * out[t.above]) / (t.below === null ? 1 : out[t.below]), 0);
    for (const { at, size } of limits) if (out[at] < 0) missed -= out[at] / (size ?? Math.max(Math.abs(out[terms[0].above]) * 1e-2, 1));
    return [missed, aim, aim - price * missed];
  }
  return { level, others, judge, nest, J };
}

const better = (x, y, strict) => {
  if (Number.isNaN(x[1])) return false;
  if (!strict) return x[2] > y[2] + 1e-9 * Math.abs(y[2]);
  return x[0] < y[0] - 1e-15 || (x[0] <= y[0] && x[1] > y[1] + 1e-9 * Math.abs(y[1]));
};

// start: {menu, share, budget}; choices: {levels by plan, shares, budgets}; -> {menu, share, budget, value, missed}
export function climb(facts, market, start, choices, { limit = 1500, starts = 6 } = {}) {
  const s = searcher(facts, market), began = performance.now(), late = () => performance.now() - began > limit;
  const levels = choices.levels.map((all, j) => all.map((t) => s.level(j, t)));
  const terms = choices.levels.map((all, j) => all.map((t) => termsOf(market, market.plans[j], t)));
  const splits = choices.shares.flatMap((share) => choices.budgets.map((budget) => ({ share, budget, base: baseReach(market, share, budget) })));
  const kept = new Map();
  let tried = 0;
  const keeps = (menu, changed) => facts.case.plan_order.every((order) => order.every((small, a) => order.slice(a + 1).every((large) => {
    if (!changed.includes(small) && !changed.includes(large)) return true;
    const key = `${small},${menu[small]},${large},${menu[large]}`;
    if (!kept.has(key)) kept.set(key, !orderBroken(market, terms[small][menu[small]], terms[large][menu[large]], choices.yearly(small, large)));
    return kept.get(key);
  })));
  const all = [...levels.keys()], free = all.filter((j) => levels[j].length > 1);
  const now = (menu) => menu.map((k, j) => levels[j][k]);

  function trial(at, picks, menu, split, price) {
    tried++;
    return s.judge(s.nest[at], picks, splits[split].base, splits[split].budget, price);
  }
  function whole(menu, split, price) {
    s.others(now(menu), [], s.nest[0]);
    return trial(0, [], menu, split, price);
  }
  function singles(state, price, strict) {
    let moved = true;
    while (moved && !late()) {
      moved = false;
      for (const j of free) {
        s.others(now(state.menu), [j], s.nest[j]);
        levels[j].forEach((l, k) => {
          if (k === state.menu[j]) return;
          const next = state.menu.with(j, k);
          if (!keeps(next, [j])) return;
          const score = trial(j, [[j, l]], next, state.split, price);
          if (better(score, state.score, strict)) { Object.assign(state, { menu: next, score }); moved = true; }
        });
      }
      s.others(now(state.menu), [], s.nest[0]);
      splits.forEach((_, split) => {
        const score = trial(0, [], state.menu, split, price);
        if (split !== state.split && better(score, state.score, strict)) { Object.assign(state, { split, score }); moved = true; }
      });
    }
    return state;
  }
  // Two plans at once; where they are of two groups the second's is worked out with the first one's level in it.
  function pairs(state) {
    for (let a = 0; a < free.length && !late(); a++) for (let b = 0; b < free.length && !late(); b++) {
      const [i, j] = [free[a], free[b]];
      if (a === b || levels[i].length > levels[j].length || (levels[i].length === levels[j].length && a > b)) continue;
      for (let k = 0; k < levels[i].length && !late(); k++) {
        const held = state.menu.with(i, k);
        s.others(now(held), [j], s.nest[j]);
        levels[j].forEach((l, n) => {
          const next = held.with(j, n);
          if ((k === state.menu[i] && n === state.menu[j]) || !keeps(next, [i, j])) return;
          const score = trial(j, [[j, l]], next, state.split, 0);
          if (better(score, state.score, true)) Object.assign(state, { menu: next, score });
        });
      }
    }
    return state;
  }
  let seed = 12345, best = null;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const size = Math.max(Math.abs(whole(start.menu, start.split, 0)[1]), 1e-9);
  const points = [{ menu: start.menu, split: start.split }];
  for (let n = 0; n < 40 * starts && points.length <= starts; n++) {
    const menu = levels.map((x) => Math.floor(random() * x.length));
    if (keeps(menu, all)) points.push({ menu, split: Math.floor(random() * splits.length) });
  }
  for (const point of points) for (const price of PRICES) {
    if (best && late()) break;
    const soft = singles({ ...point, score: whole(point.menu, point.split, price * size) }, price * size, false);
    const hard = singles({ ...soft, score: whole(soft.menu, soft.split, 0) }, 0, true);
    if (keeps(hard.menu, all) && (!best || better(hard.score, best.score, true))) best = hard;
  }
  best ??= { ...points[0], score: whole(points[0].menu, points[0].split, 0) };
  for (let before = null; before !== best.score && !late(); ) {
    before = best.score;
    best = singles(pairs(best), 0, true);
  }
  return {
    menu: best.menu.map((k, j) => choices.levels[j][k]), share: splits[best.split].share, budget: splits[best.split].budget,
    value: best.score[1] * facts.case.aims[0].sense, missed: best.score[0], tried, milliseconds: performance.now() - began,
  };
}
