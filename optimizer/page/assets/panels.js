// What the menu does: customers by plan, net changes, who gains and who loses, GPUs by block of hours.
import { $, el, row, say } from "./dom.js";
import { segmentGains } from "./evaluate.js";
import { amount, change, percent, plus } from "./words.js";

const wide = (e, part) => {
  const w = `${(100 * Math.min(Math.max(part, 0), 1)).toFixed(2)}%`;
  if (e.style.width !== w) e.style.width = w;
};

export function panels(facts, app) {
  const bars = stacks(facts), net = netChanges(facts), gains = winners(facts, app), gpus = load(facts);
  return (world, e) => { bars(world, e); net(world, e); gains(world, e); gpus(world, e); };
}

// Customers of every plan, today and now, all and those who pay.
function stacks(facts) {
  const made = [["customers", "all customers"], ["paying_customers", "who pay"]].map(([field, title]) => {
    const line = (word) => {
      const parts = facts.market.plans.map((p, j) => el("i", { class: `c${j % 10}` })), total = el("output");
      const bar = el("div", { class: "stack", role: "img" }, ...parts);
      return { parts, total, bar, box: el("div", { class: "bar" }, el("span", {}, word), bar, total) };
    };
    const today = line("today"), now = line("now");
    $("customers").append(el("p", { class: "of" }, title), today.box, now.box);
    return { field, today, now };
  });
  const legend = el("p", { class: "legend" },
    ...facts.market.plans.map((p, j) => el("span", {}, el("i", { class: `swatch c${j % 10}` }), p.title)));
  $("customers").prepend(legend);
  return (world, e) => {
    for (const { field, today, now } of made) {
      const then = facts.market.plans.map((p) => facts.today.plans[p.name]?.[field] ?? 0);
      const here = facts.market.plans.map((_, j) => (e.per[j] ? world.figure(e, field, { plan: j }) : 0));
      const sum = (x) => x.reduce((a, b) => a + b, 0), most = Math.max(sum(then), sum(here)) || 1;
      for (const [line, values] of [[today, then], [now, here]]) {
        line.parts.forEach((part, j) => wide(part, values[j] / most));
        say(line.total, amount(sum(values)));
        line.bar.setAttribute("aria-label",
          facts.market.plans.map((p, j) => `${p.title} ${amount(values[j])}`).join(", "));
      }
    }
  };
}

// More or fewer customers than today: of plans, of rivals, of nobody. A logit tells net changes, not who went where.
function netChanges(facts) {
  const names = [...facts.market.plans.map((p) => p.title), "Rivals", "Own hardware or nothing"];
  const lines = names.map((name) => {
    const bar = el("i"), told = el("output");
    return { bar, told, box: el("div", { class: "bar" }, el("span", {}, name), el("div", { class: "both" }, bar),
      told) };
  });
  $("net").append(...lines.map((l) => l.box));
  return (world, e) => {
    const then = facts.today.figures,
      ours = facts.market.plans.map((p, j) => (e.per[j] ? world.figure(e, "customers", { plan: j })
        : 0) - (facts.today.plans[p.name]?.customers ?? 0));
    const rivals = world.figure(e, "rival_customers") - then.rival_customers,
      all = world.figure(e, "potential") - then.potential;
    const moved = [...ours, rivals, all - ours.reduce((a, b) => a + b, 0) - rivals],
      most = Math.max(...moved.map(Math.abs), 1);
    lines.forEach((l, k) => {
      const part = Math.abs(moved[k]) / most / 2;
      wide(l.bar, part);
      l.bar.style.left = `${100 * (moved[k] < 0 ? 0.5 - part : 0.5)}%`;
      l.bar.dataset.way = moved[k] < 0 ? "less" : "more";
      say(l.told, Math.abs(moved[k]) < 0.5 ? "0" : plus(moved[k]));
    });
  };
}

// People who would pay for the change, and those who would pay to be spared it.
function winners(facts, app) {
  const rows = facts.market.segments.map((s) => {
    const cells = Array.from({ length: 4 }, () => el("td"));
    for (const k of [1, 2]) cells[k].append(el("span"), " ", el("small"));
    return { cells, tr: row("td", [el("th", { scope: "row" }, s.title), ...cells]) };
  });
  $("gains").append(...rows.map((r) => r.tr));
  const least = $("least");
  least.onchange = () => app.redraw();
  return (world, e) => {
    segmentGains(e, world.unchanged, Number(least.value)).forEach((g, s) => {
      const [worth, better, worse, customers] = rows[s].cells, each = g.surplus / g.people;
      say(worth, Math.abs(each) < 0.005 ? "0.00" : plus(each, (x) => x.toFixed(2).replace("-", "−")));
      worth.dataset.way = each > 0.005 ? "more" : each < -0.005 ? "less" : "";
      for (const [cell, people] of [[better, g.gaining], [worse, g.losing]]) {
        say(cell.children[0], people ? amount(people) : "0");
        say(cell.children[1], people ? percent(people / g.people, 0) : "");
      }
      const then = facts.today.segments[facts.market.segments[s].name].customers;
      say(customers, change(facts.figures.customers, world.figure(e, "customers", { segment: s }), then));
    });
  };
}

// GPUs asked for, by pool and block of hours, against those reserved and today's.
function load(facts) {
  const { pools, blocks } = facts.market;
  const lines = pools.flatMap((pool, p) => blocks.map((block, h) => {
    const bar = el("i"), today = el("b", { class: "mark" }), room = el("b", { class: "room" }), told = el("output");
    const box = el("div", { class: "bar" },
      el("span", {}, pools.length > 1 ? `${pool.name}, ${block.name}` : block.name),
        el("div", { class: "gpu" }, bar, today, pool.capacity ? room : null), told);
    return { p, h, bar, today, room, told, box };
  }));
  $("gpus").append(...lines.map((l) => l.box));
  return (world, e) => {
    const held = world.market.pools.map((p) => p.capacity?.reserved ?? 0);
    const most = Math.max(...lines.map((l) => Math.max(e.busy[l.p][l.h], facts.today.busy[l.p][l.h], held[l.p]))) || 1;
    for (const l of lines) {
      wide(l.bar, e.busy[l.p][l.h] / most);
      l.bar.dataset.way = e.burst[l.p][l.h] > 0 ? "burst" : "";
      l.today.style.left = `${(100 * facts.today.busy[l.p][l.h]) / most}%`;
      l.room.style.left = `${(100 * held[l.p]) / most}%`;
      say(l.told, `${amount(e.busy[l.p][l.h])}${held[l.p] ? ` of ${amount(held[l.p])}` : ""}`);
    }
  };
}
