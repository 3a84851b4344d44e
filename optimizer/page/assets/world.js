// A market under what is assumed, and a menu in it: what changes is worked out again, all else is kept.
import { evaluate } from "./evaluate.js";
import { figure } from "./figures.js";
import { marketOf, termsOf } from "./market.js";
import { perCustomer } from "./response.js";
import { beyondCapacity, brokenOrders, conditionsAt } from "./rules.js";
import { today } from "./state.js";

// The facts with other numbers at some paths; nothing of the facts is written to.
export function assumedFacts(facts, assumed) {
  let market = facts.market;
  for (const { path, at } of facts.assumptions) if (path in assumed) market = withAt(market, at, assumed[path]);
  return market;
}

function withAt(data, [key, ...rest], value) {
  const copy = Array.isArray(data) ? [...data] : { ...data };
  copy[key] = rest.length ? withAt(data[key], rest, value) : value;
  return copy;
}

export class World {
  constructor(facts, assumed = {}) {
    this.facts = facts;
    this.market = marketOf(assumedFacts(facts, assumed));
    this.per = this.market.plans.map(() => ({ terms: undefined, found: null }));
    this.unchanged = this.at(today(facts));
  }
  // The same market where conditions ask something else; bounds by position.
  asking(facts, bounds) {
    const conditions = facts.case.conditions.map((c, k) => (k in bounds ? { ...c, bound: bounds[k] } : c));
    return Object.assign(Object.create(World.prototype), this,
      { facts: { ...facts, case: { ...facts.case, conditions } } });
  }
  // What a plan does per customer at stated terms; the last answer of each plan is kept.
  response(j, stated) {
    const kept = this.per[j];
    if (kept.terms !== stated) this.per[j] = { terms: stated, found: this.fresh(j, stated) };
    return this.per[j].found;
  }
  fresh(j, stated) {
    const plan = this.market.plans[j];
    return stated && perCustomer(this.market, plan, termsOf(this.market, plan, stated));
  }
  at({ menu, share, budget }) {
    return evaluate(this.market, menu.map((t, j) => this.response(j, t)), share, budget);
  }
  // The menu with one plan at other terms, the kept answers left as they are.
  beside({ menu, share, budget }, j, stated) {
    return evaluate(this.market, menu.map((t, k) => (k === j ? this.fresh(j, stated) : this.response(k, t))), share,
      budget);
  }
  figure(e, name, part) { return figure(this.facts.figures, e, name, part); }
  aim(e) {
    return Object.entries(this.facts.case.aims[0].weights).reduce((sum, [name, w]) => sum + w * this.figure(e, name),
      0);
  }
  orders(menu) {
    const orders = this.facts.case.plan_order;
    if (!orders.length) return [];
    const terms = menu.map((t, j) => termsOf(this.market, this.market.plans[j], t));
    return brokenOrders(this.market, orders, terms, yearlyOf(this.facts));
  }
  // What a menu breaks, in words, and the state of every condition.
  judged(e, menu) {
    const conditions = conditionsAt(this.facts, e), title = (j) => this.market.plans[j].title;
    const broken = [
      ...conditions.filter((c) => c.state === "broken").map((c) => c.name.replaceAll("_", " ")),
      ...this.orders(menu).map(({ small, large, why }) => `${title(large)} ${why} than ${title(small)}`),
      ...beyondCapacity(e).map(({ block }) => `no more GPUs can be rented (${block})`),
    ];
    return { conditions, broken };
  }
}

// Whether the discounts by the year of two plans are chosen, so that their order counts by the year too.
export const yearlyOf = (facts) => (small, large) =>
  [small, large].some((j) => facts.case.plans[j].levers.some((l) => l.kind === "annual_discount"
    && l.ladder.length > 1));
