// Runs that are kept: what was asked and what came of it; one can be opened again.
import { $, el, say, table } from "../dom.js";
import { amount, heading, shown } from "../words.js";
import { asked } from "./ask.js";

const SHOWN = 12;

export function runs(app) {
  const shared = location.hash.length > 1; // a menu that the address brought along
  const { facts } = app, list = el("div", { class: "scroll", id: "runs", tabindex: 0, role: "region",
    "aria-label": "Past runs" }),
    note = el("p", { class: "note", id: "runs-note" }), fold = el("details", { id: "runs-box" }, el("summary", {},
      "Past runs"), note, list);
  document.querySelector(".shows").append(el("section", { class: "served" }, el("h2", {}, "Runs"), fold));
  fold.ontoggle = () => refresh();
  async function refresh() {
    if (!fold.open) return;
    try {
      const found = await asked("GET", "/v1/runs");
      say(note, found.length ? (facts.served.workspace
        ? "" : "Nothing of this outlives the service: start it with --workspace FOLDER.")
        : "No run has ended yet.");
      list.replaceChildren(found.length ? table(["When", "Asked", "Came of it", ""], found.slice(0,
        SHOWN).map(line)) : "");
    } catch (error) { say(note, error.message); }
  }
  function line(run) {
    const figure = facts.figures[run.figure], value = run.value === null ? "" : figure ? shown(figure,
      run.value) : amount(run.value);
    const name = run.title ?? run.question.case.title ?? run.question.case;
    const links = [el("a", { href: `/?run=${run.key}` }, "Open"),
      ...(run.report ? [" · ", el("a", { href: `/v1/runs/${run.key}/report`, target: "_blank", rel: "noopener" },
        "Report")] : [])];
    return [new Date(1000 * run.at).toLocaleString(), `${run.kind}: ${name}`,
      [run.verdict ?? run.status,
        value && `${heading(run.figure ?? "value").toLowerCase()} ${value}`].filter(Boolean).join(", "),
      el("span", {}, ...links)];
  }
  // The run that the page was opened from: its menu is put on the page.
  async function opened(proof) {
    const { run } = facts.served;
    if (!run) return;
    try {
      const { outcome } = await asked("GET", `/v1/runs/${run}`);
      if (outcome.document?.objective && outcome.menus) {
        proof.show(outcome, "what was locked then");
        if (!shared) app.put({ ...outcome.menus[0].state, assumed: {}, bounds: {} },
          "The menu of the run that was opened.", false);
      }
      app.opened = run;
    } catch (error) { say($("state"), error.message); }
  }
  return { refresh, opened };
}
