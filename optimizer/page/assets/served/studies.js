// Studies that the service runs from what is on the page: the frontier, worlds, and the answer over draws.
import { $, button, el, say, svg, table } from "../dom.js";
import { asStated } from "../state.js";
import { amount, heading, plain, shown } from "../words.js";
import { job, trouble } from "./ask.js";
import { drawn } from "./trade.js";
import { question } from "./question.js";

const DRAWS = 24, POINTS = 9;

export function studies(app, kept) {
  const { facts } = app, worlds = new Map(), put = (state, words) => app.put({ ...asStated(state),
    assumed: app.state.assumed, bounds: app.state.bounds }, words);
  const state = el("p", { id: "study-state", role: "status" }), body = el("div", { id: "study" }),
    stop = button("Stop", () => mine?.stop(), { hidden: true });
  const buttons = [
    button("Frontier", () => begin("frontier", { options: { points: POINTS } }), { id: "ask-frontier" }),
    button("Keep these costs as a world", () => keep(), { id: "keep-world" }),
    button("Compare worlds", () => compare(), { id: "ask-compare" }),
    button("Robust", () => begin("robust", { options: { draws: DRAWS, fresh: DRAWS, alone: true } }),
      { id: "ask-robust" }),
    button("Write the report", () => begin("report", { checks: "usual" }), { id: "ask-report" }), stop,
  ];
  const list = el("p", { class: "note", id: "worlds" });
  document.querySelector(".shows").prepend(el("section", { class: "served", id: "studies" }, el("h2", {},
    "Ask the optimizer"),
    el("p", { class: "note" },
      "With what is locked and assumed on the page; the result stands below, and its menus can be put on the page."),
    el("p", { class: "acts" }, ...buttons), list, state, body));
  let mine = null;
  function begin(kind, more) {
    mine?.stop();
    const began = performance.now();
    body.replaceChildren();
    stop.hidden = false;
    say(state, `${heading(kind)}: asked …`);
    const here = (mine = job(kind, question(app, more), {
      news: ({ done, total }) => { if (mine === here && done !== undefined) say(state,
        `${heading(kind)}: ${done}${total ? ` of ${total}` : ""} …`); },
      failed: (words) => { if (mine === here) end(`${heading(kind)}: ${words}.`); },
      ended: (ended) => {
        if (mine !== here) return;
        const why = trouble(ended.outcome);
        end(why ? `${heading(kind)}: ${why}`
          : `${heading(kind)}: done in ${((performance.now() - began) / 1000).toFixed(1)} s.`);
        if (!why) SHOW[kind](ended, body, app, put);
        app.studied = kind;
      },
    }));
  }
  function end(words) { mine = null; stop.hidden = true; say(state, words); kept.refresh(); }
  // Costs that are otherwise now, under a name, as a scenario beside the case as it is stated.
  function keep() {
    const moved = Object.entries(app.state.assumed);
    if (!moved.length) { say(state, "Move a cost first: a world is what is assumed otherwise."); return; }
    const changes = Object.fromEntries(moved.map(([path, x]) => [path, { to: x }]));
    worlds.set(`world ${worlds.size + 1}`, { title: moved.map(([path, x]) => `${path} ${plain(x)}`).join(", "),
      changes });
    say(list, `Worlds: ${["as stated", ...[...worlds].map(([, w]) => w.title)].join("; ")}.`);
  }
  function compare() {
    const stated = facts.served.scenarios;
    if (!worlds.size && !stated) { say(state, "Worlds: move costs, keep them as a world, then compare."); return; }
    begin("compare", { scenarios: Object.fromEntries(worlds), sets: facts.served.ask.sets ?? {} });
  }
  return { begin, keep, compare, worlds };
}

const taker = (name, state, put) => button("Put on the page", () => put(state, `The menu of ${name}.`),
  { class: "link", "aria-label": `Put the menu of ${name} on the page` });

const SHOW = {
  frontier({ outcome }, body, app, put) {
    const { x, y, points } = outcome.document;
    drawn(body, app, x.name, y.name, points, outcome.menus, put);
  },
  compare({ outcome }, body, app, put) {
    const d = outcome.document, figure = app.facts.figures[d.figure.name],
      write = (v) => (v === null || v === undefined ? "–" : figure ? shown(figure, v) : amount(v));
    const names = Object.keys(d.scenarios), of = Object.fromEntries((outcome.menus ?? []).map((m) => [m.name,
      m.state]));
    const rows = Object.entries(d.menus).map(([menu, told]) => [
      `${menu}${menu === d.least_regret ? " (least regret)" : ""}`,
      ...names.map((s) => cell(d.table[menu]?.[s], write)), write(told.maximum_regret), of[menu] ? taker(menu,
        of[menu], put) : ""]);
    body.replaceChildren(el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Worlds" },
      table(["Menu", ...names.map((s) => d.scenarios[s].title ?? s), "largest regret", ""], rows)),
    el("p", { class: "note" }, `${heading(d.figure.name)} of every menu in every world.`));
  },
  robust({ outcome }, body, app, put) {
    const d = outcome.document, figure = app.facts.figures[d.figure.name],
      write = (v) => (v === null || v === undefined ? "–" : figure ? shown(figure, v) : amount(v));
    const rows = d.menus.map((m, k) => {
      const told = m.fresh_draws ?? m.proven_draws, aim = told?.aim ?? {};
      return [m.name, write(aim.mean), write(aim.p10), write(aim.p50), write(aim.p90),
        outcome.menus?.[k] ? taker(m.name, outcome.menus[k].state, put) : ""];
    });
    const note = `${heading(d.figure.name)} in ${d.menus[0]?.fresh_draws ? "draws that the menu was not chosen in" : "the draws"}.`;
    body.replaceChildren(el("p", {}, d.verdict_text), el("p", { class: "note" }, note), el("div", { class: "scroll",
      tabindex: 0, role: "region",
      "aria-label": "Over draws" },
      table(["Menu", "mean", "10%", "middle", "90%", ""], rows)));
  },
  report({ key, outcome }, body) {
    body.replaceChildren(el("p", {}, outcome.document.verdict_text), el("p", {}, el("a", { class: "button",
      id: "report-link", href: `/v1/runs/${key}/report`, target: "_blank", rel: "noopener" }, "Open the report")));
  },
};

const cell = (x, write) => (x === undefined || x === null ? "–" : typeof x === "number" ? write(x)
  : `${write(x.value)}${x.missed?.length ? " (misses a condition)" : ""}`);
