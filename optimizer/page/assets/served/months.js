// A case over months: its path is worked out by the service, told in a few lines, and shown in a report of its own.
import { $, button, el, say, table } from "../dom.js";
import { shown, amount } from "../words.js";
import { job, trouble } from "./ask.js";

export function months(app, kept) {
  const { facts } = app, title = el("h2", {}, "Over months"), state = el("p", { id: "months-state", role: "status" }),
    body = el("div"),
    stop = button("Stop", () => mine?.stop()), box = el("section", { class: "wide live-only served", id: "months",
      hidden: true }, title, state, body, stop);
  $("board").after(box);
  let mine = null;
  function begin(ask, name) {
    mine?.stop();
    box.hidden = stop.hidden = false;
    body.replaceChildren();
    say(state, `${name}: looking for the best path of menus …`);
    const here = (mine = job("report", ask, {
      news: () => {},
      failed: (words) => { if (mine === here) end(`${name}: ${words}.`); },
      ended: (ended) => {
        if (mine !== here) return;
        const why = trouble(ended.outcome);
        end(why ? `${name}: ${why}` : `${name}: ${ended.outcome.document.verdict_text}`);
        if (!why) show(ended);
      },
    }));
    box.scrollIntoView({ block: "nearest" });
  }
  function end(words) { mine = null; stop.hidden = true; say(state, words); kept.refresh(); }
  function show({ key, outcome }) {
    const { document: d } = outcome, names = ["contribution_margin", "revenue", "market_share",
      "paying_customers"].filter((n) => d.path[n]);
    const last = d.horizon.months;
    body.replaceChildren(el("p", {}, el("a", { class: "button", id: "months-report", href: `/v1/runs/${key}/report`,
      target: "_blank", rel: "noopener" }, "Open its report")),
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "The path" }, table(["Figure",
        "today's menu held, last month", "first month", "last month"], names.map((n) => [
        n.replaceAll("_", " "), ...[d.path[n].held?.at(-1), d.path[n].values[0], d.path[n].values.at(-1)].map((x) =>
          (x === undefined || x === null ? "–" : facts.figures[n] ? shown(facts.figures[n], x) : amount(x)))]))),
      el("p", { class: "note" }, `${d.stages.length} stages over ${last} months.`));
  }
  if (facts.served.months) begin(facts.served.months,
    typeof facts.served.months.case === "string" ? facts.served.months.case : "The case");
  return { begin };
}
