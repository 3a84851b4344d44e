// A card for every plan, and one for the go-to-market budget: what is sold, what is locked, and the levers.
import { $, el, say } from "./dom.js";
import { ranged } from "./levers.js";
import { slider } from "./slider.js";
import { amount, change, plus } from "./words.js";

const check = (id, text, onchange) => {
  const input = el("input", { type: "checkbox", id, onchange });
  return { input, label: el("label", { class: "on-off", for: id }, input, text) };
};

// app: the state and what changes it, see app.js
export function cards(facts, levers, app) {
  const made = facts.market.plans.map((plan, j) => planCard(facts, plan, j, levers[j], app));
  const market = splitCard(facts, app);
  $("plans").append(...made.map((c) => c.box), market.box);
  return {
    sliders: [...made.flatMap((c, j) => c.sliders.map((s) => ({ ...s, plan: j }))), ...market.sliders],
    draw(world, e) { made.forEach((c) => c.draw(world, e)); market.draw(); },
  };
}

function planCard(facts, plan, j, levers, app) {
  const on = check(`plan${j}-on`, "sold", () => app.sell(j, on.input.checked)),
    lock = check(`plan${j}-lock`, "lock", () => app.lock(j, lock.input.checked));
  const sum = el("p", { class: "sum" });
  const sliders = levers.map((lever, k) => slider(lever, `plan${j}-${k}`, plan.title, {
    value: () => (app.state.menu[j] ? lever.get(app.state.menu[j]) : undefined),
    began: lever.get(plan.terms),
    begin: app.begin,
    move: (x) => app.move({ menu: app.state.menu.with(j, lever.set(app.state.menu[j], x)) }),
  }));
  const free = sliders.filter((s) => s.lever.ladder.length > 1),
    held = sliders.filter((s) => s.lever.ladder.length <= 1);
  const title = el("h3", {}, el("i", { class: `swatch c${j % 10}`, "aria-hidden": "true" }), plan.title);
  const box = el("section", { class: "card", "aria-label": plan.title }, el("header", {}, title, on.label, lock.label),
    sum,
    el("div", { class: "levers" }, ...free.map((s) => s.box)), held.length
      ? more(held, free.length === 0 && !facts.case.plans.some((p) => p.levers.some((l) => l.ladder.length > 1)))
        : null);
  function draw(world, e) {
    const sold = app.state.menu[j] !== null, today = facts.today.plans[plan.name];
    on.input.checked = sold;
    lock.input.checked = app.locked[j];
    box.classList.toggle("off", !sold);
    sliders.forEach((s) => s.update());
    say(sum, sold ? sumOf(facts, world, e, j, today) : today
      ? `off the menu; today ${amount(today.customers)} customers` : "off the menu, as today");
  }
  return { box, sliders, draw };
}

const more = (sliders, open) => el("details", { open },
  el("summary", {}, open ? "What today's menu has" : "Held by the case"),
  el("div", { class: "levers" }, ...sliders.map((s) => s.box)));

function sumOf(facts, world, e, j, today) {
  const part = { plan: j };
  const customers = world.figure(e, "customers", part), money = world.figure(e, "contribution_margin", part);
  const against = today ? change(facts.figures.customers, customers, today.customers) : "not sold today";
  const earned = today ? plus(money - today.contribution_margin) : "new";
  return `${amount(customers)} customers (${against}) · contribution ${amount(money)} (${earned})`;
}

function splitCard(facts, app) {
  const lock = check("split-lock", "lock", () => app.lockSplit(lock.input.checked));
  const share = ranged({ kind: "split", label: "Share for enterprise", unit: "of the budget", share: true,
    ladder: facts.case.mixes, ends: [0, 1] }, 0);
  const found = [slider(share, "split", "Go-to-market", {
    value: () => app.state.share, began: facts.market.reach.enterprise_share, begin: app.begin,
      move: (x) => app.move({ share: x }),
  })];
  if (facts.case.budgets.length) {
    const budget = ranged({ kind: "budget", label: "Budget", unit: "usd a month",
      ladder: [...facts.case.budgets].sort((a, b) => a - b), log: true }, facts.market.reach.budget);
    found.push(slider(budget, "budget", "Go-to-market",
      { value: () => app.state.budget, began: facts.market.reach.budget, begin: app.begin,
        move: (x) => app.move({ budget: x }) }));
  }
  const box = el("section", { class: "card", "aria-label": "Go-to-market" },
    el("header", {}, el("h3", {}, "Go-to-market budget"), lock.label),
      el("div", { class: "levers" }, ...found.map((s) => s.box)));
  return { box, sliders: found, draw() { lock.input.checked = app.lockedSplit; found.forEach((s) => s.update()); } };
}
