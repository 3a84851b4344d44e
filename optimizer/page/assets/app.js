// The page: one state, one way to change it, everything drawn from it. Numbers come from the formulas alone.
import { assumptions } from "./assumptions.js";
import { board } from "./board.js";
import { brief } from "./brief.js";
import { cards } from "./cards.js";
import { Curves, later } from "./curves.js";
import { $, saved, say } from "./dom.js";
import { explainer } from "./explain.js";
import { asked } from "./asked.js";
import { exported } from "./exported.js";
import { climb, levelsOf } from "./find.js";
import { frontier } from "./frontier.js";
import { leversOf } from "./levers.js";
import { unpacked } from "./market.js";
import { panels } from "./panels.js";
import { pins } from "./pins.js";
import { Past, asStated, readState, today, written } from "./state.js";
import { amount, shown } from "./words.js";
import { World, yearlyOf } from "./world.js";

const IDLE = 140; // milliseconds without a move after which curves and the address follow
const PLAIN = "Worked out in this page. Not proven best.";

// One function, as all that a reader can do shares one state.
export function start(facts) {
  for (const [name, value] of Object.entries(facts.today.figures)) facts.today.figures[name] = value ?? NaN;
  const levers = facts.market.plans.map((_, j) => leversOf(facts.market, facts.case.plans[j].levers, j));
  const past = new Past(), curves = new Curves(), drawn = [];
  const app = {
    facts, levers, state: today(facts), world: new World(facts),
    locked: facts.market.plans.map(() => false), lockedSplit: false,
    memory: facts.market.plans.map((p) => p.terms), past, drawn,
    begin, move, assume, ask, put, sell, lock, lockSplit, redraw, find, moved: 0,
    exported: () => exported(facts, levers, app.state),
  };
  const explain = explainer(facts, app);
  const draws = {
    board: board(facts, explain, app), cards: cards(facts, levers, app), panels: panels(facts, app),
    assumed: assumptions(facts, app), frontier: frontier(facts, app), brief: brief(facts, levers, app),
  };
  asked(facts, explain);
  const pin = pins(facts, levers, app);
  let waiting = false, idle = 0, note = PLAIN, shared = "";

  // A move begins: what was there can be had back.
  function begin() { past.keep(app.state); }
  function move(change, words = PLAIN) {
    app.state = { ...app.state, ...change };
    app.state.menu.forEach((t, j) => { if (t) app.memory[j] = t; });
    note = words;
    redraw();
  }
  function assume(assumed) {
    app.world = new World(facts, assumed).asking(facts, app.state.bounds);
    move({ assumed });
  }
  // A condition asks something else; undefined: what the case asks.
  function ask(k, bound) {
    begin();
    const { [k]: _, ...others } = app.state.bounds, stated = facts.case.conditions[k].bound;
    const bounds = bound === undefined || bound === stated ? others : { ...others, [k]: bound };
    app.world = app.world.asking(facts, bounds);
    move({ bounds });
  }
  function put(state, words, keep = true) {
    if (keep) past.keep(app.state);
    const { menu, share, budget, assumed, bounds } = state;
    if (JSON.stringify(assumed) !== JSON.stringify(app.state.assumed)) app.world = new World(facts, assumed);
    app.world = app.world.asking(facts, bounds);
    move({ menu, share, budget, assumed, bounds }, words);
  }
  function sell(j, on) { begin(); move({ menu: app.state.menu.with(j, on ? app.memory[j] : null) }); }
  function lock(j, on) { app.locked[j] = on; }
  function lockSplit(on) { app.lockedSplit = on; }
  function redraw() {
    app.moved++;
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
    curves.stop();
    clearTimeout(idle);
    idle = setTimeout(follow, IDLE);
  }
  function draw() {
    waiting = false;
    const { world, state } = app, e = (app.e = world.at(state)), judged = (app.judged = world.judged(e, state.menu));
    say($("state"), note);
    document.documentElement.classList.toggle("proven", note === facts.best?.words);
    draws.board(world, e, judged);
    draws.cards.draw(world, e);
    draws.panels(world, e);
    draws.assumed();
    draws.frontier(world, e);
    if (document.body.classList.contains("brief")) draws.brief(world, e, judged);
    $("undo").disabled = !past.back.length;
    $("redo").disabled = !past.forth.length;
  }
  function follow() {
    const text = written(facts, levers, app.state);
    if (text !== shared) addressed((shared = text));
    const seen = draws.cards.sliders.filter((s) => s.value() !== undefined && s.box.offsetParent !== null);
    curves.start(seen.map(job), () => { document.documentElement.dataset.curves = String(app.moved); });
  }
  // The aim and what stands against it at other values of a lever.
  function job(slider) {
    const { state, world } = app;
    return { slider, at(x) {
      const { plan, lever } = slider;
      const next = plan === undefined
        ? { ...state, [lever.kind === "split" ? "share" : "budget"]: x }
        : { ...state, menu: state.menu.with(plan, lever.set(state.menu[plan], x)) };
      const e = plan === undefined ? world.at(next) : world.beside(state, plan, next.menu[plan]);
      return { y: world.aim(e), why: world.judged(e, next.menu).broken[0] ?? "" };
    } };
  }
  // A good menu from here, a little at a time; whoever moves something meanwhile stops it.
  function find(limit = 5000) {
    const { state, world } = app, began = performance.now(), mine = (app.search = {});
    const levels = facts.case.plans.map((plan, j) => (app.locked[j] ? [state.menu[j]]
      : levelsOf(plan, state.menu[j] ?? app.memory[j], levers[j])));
    const at = levels.map((all, j) => nearest(all, state.menu[j], levers[j]));
    const shares = app.lockedSplit || !facts.case.mixes.length ? [state.share] : facts.case.mixes,
      budgets = app.lockedSplit || !facts.case.budgets.length ? [state.budget] : facts.case.budgets;
    const split = shares.reduce((best, s, k) => (Math.abs(s - state.share) < Math.abs(shares[best] - state.share) ? k
      : best), 0) * budgets.length;
    const steps = climb(world.facts, world.market, { menu: at, split },
      { levels, shares, budgets, yearly: yearlyOf(facts) });
    let found = null;
    (function go() {
      if (app.search !== mine || app.state !== state) return;
      for (const until = performance.now() + 40; performance.now() < until; ) {
        const { value, done } = steps.next();
        if (value) { found = value; say($("state"), `Looking … ${aimText(found.value)} so far.`); }
        if (done || (found && performance.now() - began > limit)) return taken(state, found, performance.now() - began);
      }
      later(go);
    })();
  }
  function aimText(value) {
    const f = facts.figures[facts.case.aims[0].name];
    return f ? shown(f, value) : amount(value);
  }
  function taken(state, found, spent) {
    const words = found.missed > 1e-9
      ? "No menu that meets the conditions was found with these locks. That is no proof that there is none."
      : `A good menu: ${aimText(found.value)}, found in ${(spent / 1000).toFixed(1)} s among `
        + `${found.tried.toLocaleString("en-US")} tried. Not proven best: `
        + `${facts.served ? "Prove from here" : `optimizer run ${facts.case.name}`} proves.`;
    put({ ...state, menu: found.menu, share: found.share, budget: found.budget }, words);
    app.found = { ...found, spent };
  }
  const acts = {
    find: () => { say($("state"), "Looking …"); later(() => find()); },
    best: () => put(asStated(facts.best.state), facts.best.words),
    today: () => put(today(facts), "Today's menu."),
    undo: () => step(past.undo(app.state)), redo: () => step(past.redo(app.state)),
    pin: () => pin(undefined, app.state, app.world, app.world.at(app.state)),
    share: copied,
    export: () => saved(`${facts.case.name}-menu.yaml`, "application/yaml", app.exported()),
    minutes: () => two(!document.body.classList.contains("brief")),
    print: () => print(),
  };
  // A page in a frame of another page has no address of its own.
  function addressed(text) {
    try { history.replaceState(null, "", `#${text}`); } catch (error) { if (error.name !== "SecurityError") throw error; }
  }
  // The address holds the menu; where it cannot be copied it is shown.
  function copied() {
    follow();
    const shown = () => say($("state"), `The address of this menu: ${location.href}`);
    if (!navigator.clipboard) { shown(); return; }
    navigator.clipboard.writeText(location.href).then(() => say($("state"), "The address of this menu is copied."), shown);
  }
  function step(state) { if (state) put(state, PLAIN, false); }
  function two(on) {
    document.body.classList.toggle("brief", on);
    $("minutes").setAttribute("aria-pressed", String(on));
    redraw();
  }
  for (const [id, act] of Object.entries(acts)) if ($(id)) $(id).onclick = act;
  $("best").hidden = !facts.best;
  $("find").hidden = !facts.case.mixes.length && !facts.case.budgets.length
    && facts.case.plans.every((p) => !p.withdraw && p.levers.every((l) => l.ladder.length < 2));
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.type === "text") return;
    event.preventDefault();
    step(event.shiftKey ? past.redo(app.state) : past.undo(app.state));
  });
  addEventListener("beforeprint", () => draws.brief(app.world, app.e, app.judged));
  addEventListener("hashchange", () => { if (location.hash.slice(1) !== shared) opened(true); });
  function opened(keep) {
    const given = location.hash.length > 1 ? readState(facts, levers, location.hash.slice(1)) : null;
    if (given) {
      put(given, given.other ? "This menu was shared from another version of the case." : "A shared menu.", keep);
    }
    else if (location.hash.length > 1) note = "The address holds no menu of this case; today's is shown.";
  }
  document.documentElement.classList.add("live");
  pin("Today", today(facts), app.world, app.world.unchanged);
  if (facts.best) put(asStated(facts.best.state), facts.best.words, false);
  opened(false);
  draw();
  if (waiting === false) idle = setTimeout(follow, IDLE);
  return app;
}

function nearest(levels, terms, levers) {
  const far = (a, b) => (a === b ? 0 : Math.abs(Math.log((Math.min(a, 1e9) + 1e-9) / (Math.min(b, 1e9) + 1e-9))));
  let best = 0, least = Infinity;
  levels.forEach((t, k) => {
    const apart = t === terms ? 0 : !t || !terms ? 1e6
      : levers.reduce((sum, l) => sum + far(l.get(t), l.get(terms)), 0);
    if (apart < least) [best, least] = [k, apart];
  });
  return best;
}

const began = performance.now();
export const started = unpacked($("facts").textContent.trim()).then((facts) => {
  globalThis.live = start(facts);
  const { dataset } = document.documentElement;
  dataset.started = String(Math.round(performance.now() - began));
  if (!document.querySelector(".chart")) dataset.drawn = dataset.started; // else it is said when the charts are drawn
  return globalThis.live;
}).catch((error) => {
  say($("trouble"), `The live part did not start (${error.message}). What is below is today's menu.`);
});
