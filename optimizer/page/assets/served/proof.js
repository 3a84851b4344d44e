// Prove from here: the bound closes for all to see, and the proven menu can be put on the page.
import { $, button, el, say, svg } from "../dom.js";
import { asStated } from "../state.js";
import { amount, heading, shown } from "../words.js";
import { job, trouble } from "./ask.js";
import { closing } from "./closing.js";
import { lockedWords, question } from "./question.js";

const TICK = 100; // milliseconds between two looks at the time

export function proof(app, kept) {
  const { facts } = app, aim = facts.case.aims[0], figure = facts.figures[aim.name];
  const write = (x) => (x === null || x === undefined ? "–" : figure ? shown(figure, x) : amount(x));
  const ask = button("Prove from here", () => begin(), { id: "prove", class: "main" });
  const title = el("h2", {}, "Proof"), state = el("p", { id: "proof-state", role: "status" }),
    detail = el("p", { class: "note", id: "proof-detail" });
  const told = Object.fromEntries(["value", "bound", "gap", "time"].map((n) => [n, el("dd", { id: `proof-${n}` })]));
  const chart = svg("svg", { id: "closing", viewBox: "0 0 420 130", role: "img",
    "aria-label": "Value and bound over time" });
  const stop = button("Stop", () => mine?.stop(), { id: "proof-stop" }),
    take = button("Put the proven menu on the page", () => taken(), { id: "proof-take", class: "main" });
  const names = { value: `Best found, ${heading(aim.name).toLowerCase()}`, bound: "No menu is worth more than",
    gap: "Gap", time: "Time" };
  const box = el("section", { class: "wide live-only served", id: "proof", "aria-label": "Proof", hidden: true }, title,
    state, el("div", { class: "two" }, el("div", {}, el("dl", {}, ...Object.entries(names).flatMap(([n, words]) =>
      [el("dt", {}, words), told[n]])), el("p", { class: "acts" }, take, stop)),
    el("figure", {}, chart, el("figcaption", { class: "note" },
      "Above the bound, below the best menu found: proven where they meet."))), detail);
  $("find").before(ask);
  $("find").classList.remove("main");
  $("board").after(box);
  let mine = null, points = [], found = null, began = 0, ticking = 0, locks = "";

  function begin() {
    if (mine) mine.stop();
    clearInterval(ticking);
    [points, found, began, locks] = [[], null, performance.now(), lockedWords(app)];
    box.hidden = false;
    take.hidden = true;
    stop.hidden = false;
    say(state, `Proving: ${locks}.`);
    say(detail, "");
    draw();
    ticking = setInterval(draw, TICK);
    const here = (mine = job("solve", question(app, { cross_check: false }), {
      news: (data) => { if (mine === here) heard(data); },
      ended: (ended) => { if (mine === here) end(ended); },
      failed: (words) => { if (mine === here) over(`No proof: ${words}.`, ""); },
    }));
  }
  const seconds = () => (performance.now() - began) / 1000;
  // In the aim's own sense; where a next stage begins, the bound is another one.
  function heard({ value, bound }) {
    const sense = aim.sense, last = points.at(-1);
    if (last?.bound != null && bound !== null && sense * last.bound < bound - 1e-9 * Math.abs(bound)) points = [];
    points.push({ at: seconds(), value: value === null ? null : sense * value,
      bound: bound === null ? null : sense * bound });
    draw();
  }
  function draw() {
    const last = points.at(-1), spent = mine ? seconds() : (points.at(-1)?.at ?? 0);
    say(told.value, write(last?.value));
    say(told.bound, write(last?.bound));
    say(told.gap, last && last.value !== null && last.bound !== null
      ? gapText(Math.abs(last.bound - last.value) / Math.max(Math.abs(last.value), 1e-12)) : "–");
    say(told.time, `${spent.toFixed(2)} s`);
    closing(chart, points, spent, write);
  }
  function over(words, more) {
    clearInterval(ticking);
    mine = null;
    stop.hidden = true;
    say(state, words);
    say(detail, more);
    draw();
    kept.refresh();
  }
  function end({ outcome, state: how }) {
    const why = trouble(outcome);
    if (why) {
      const nothing = outcome.status === "infeasible";
      over(nothing ? `Proven: no menu meets the conditions with these locks.` : how === "stopped"
        ? "Stopped." : "No proof.", why);
      return;
    }
    show(outcome, locks);
    app.proved = { ...outcome, clicked: seconds() };
  }
  // An outcome, of a proof just made or of a run that is kept.
  function show(outcome, words) {
    const { value, bound } = outcome.document.objective;
    found = outcome.menus?.[0]?.state ?? null;
    points.push({ at: mine ? seconds() : outcome.seconds, value, bound });
    box.hidden = false;
    over(outcome.document.verdict_text, `With ${words}. ${heading(aim.name)} ${write(value)}.`);
    take.hidden = !found;
    box.dataset.verdict = outcome.document.verdict;
  }
  function taken() {
    if (!found) return;
    const { assumed, bounds } = app.state;
    app.put({ ...asStated(found), assumed, bounds }, "The proven menu.");
  }
  return { begin, show };
}

const gapText = (gap) => (gap < 1e-5 ? "0.00%" : `${(100 * gap).toFixed(gap < 0.01 ? 3 : 1)}%`);
