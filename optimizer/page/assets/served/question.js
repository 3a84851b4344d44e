// What stands on the page as a question: locked plans at their terms, all else as the case has it.
import { conditionsOf, ladders, mixOf } from "../exported.js";

export function question(app, more = {}) {
  const { facts, state } = app, { ask } = facts.served;
  const locks = { ...ask.locks }, sets = { ...ask.sets, ...state.assumed };
  app.locked.forEach((on, j) => { if (on) locks[facts.market.plans[j].name] = lockOf(app, j); });
  return {
    ...ask, locks, sets,
    ...(app.lockedSplit ? { mix: mixOf(state) } : {}),
    ...(Object.keys(state.bounds).length ? { conditions: conditionsOf(facts, state.bounds) } : {}),
    ...more,
  };
}

// Single steps, whether the case's ladder has them or not; off the menu, or as today where it is not sold today.
function lockOf(app, j) {
  const terms = app.state.menu[j], plan = app.facts.market.plans[j];
  if (!terms) return plan.sold ? { off: true } : {};
  return { ...ladders(app.facts.market, app.levers[j], app.facts.case.plans[j], terms), withdraw: false };
}

// What is locked, in words.
export function lockedWords(app) {
  const plans = app.facts.market.plans.filter((_, j) => app.locked[j]).map((p) => p.title);
  const held = [...plans, ...(app.lockedSplit ? ["the go-to-market split"] : [])];
  return held.length ? `${held.join(", ")} as dragged, all else free on the case’s ladders` : "nothing is locked";
}
