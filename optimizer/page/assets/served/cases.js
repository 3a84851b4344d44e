// Cases under their names: open one, save what is on the page, take it along as a file.
import { $, button, el, saved, say } from "../dom.js";
import { caseOf } from "../exported.js";
import { asked } from "./ask.js";

const KEPT = "Saved in the workspace with one step on every ladder: the menu as it stands. Export case writes YAML, "
  + "Excel the case with its market.";

export function cases(app, over) {
  const { facts } = app, { served } = facts;
  const choice = el("select", { id: "case-choice", "aria-label": "Case" }), state = el("p", { class: "note",
    id: "case-state", role: "status" });
  const name = el("input", { type: "text", id: "case-name", maxlength: 80, "aria-label": "Name of the case",
    placeholder: "name", spellcheck: "false" });
  const open = button("Open", () => opened(choice.selectedOptions[0]), { id: "case-open" }),
    keep = button("Save", () => save(), { id: "case-save" }), excel = button("Excel", () => download(),
      { id: "case-excel" });
  document.querySelector(".shows").append(el("section", { class: "served" }, el("h2", {}, "Cases"),
    el("p", { class: "acts" }, choice, open),
    el("p", { class: "acts" }, name, keep, excel),
    el("p", { class: "note" },
      served.workspace ? KEPT
      : "Nothing is saved: start the service with --workspace FOLDER."), state));
  keep.disabled = name.disabled = !served.workspace;
  let known = [];
  async function refresh() {
    try {
      known = await asked("GET", "/v1/cases");
      choice.replaceChildren(...known.map((c) => el("option", { value: c.name, selected: c.name === served.ask.case },
        `${c.saved ? "★ " : ""}${c.title} (${c.name})${c.months ? ", over months" : ""}`)));
    } catch (error) { say(state, error.message); }
  }
  function opened(option) {
    const found = known.find((c) => c.name === option?.value);
    if (!found) return;
    if (found.months) over.begin({ case: found.name }, found.title);
    else location.assign(`/?case=${encodeURIComponent(found.name)}`);
  }
  const made = () => ({ case: caseOf(facts, app.levers, app.state),
    ...(served.ask.market ? { market: served.ask.market } : {}) });
  async function save() {
    const as = name.value.trim();
    if (!as) { say(state, "Give it a name."); name.focus(); return; }
    try {
      await asked("PUT", `/v1/cases/${encodeURIComponent(as)}`, made());
      say(state, `Saved as ${as}.`);
      refresh();
    } catch (error) { say(state, error.message); }
  }
  async function download() {
    const sent = await fetch("/v1/file?form=xlsx", { method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify(made()) })
      .catch(() => null);
    if (!sent?.ok) { say(state,
      (await sent?.json().catch(() => null))?.message ?? "the service does not answer"); return; }
    saved(`${facts.case.name}-menu.xlsx`, sent.headers.get("content-type"), await sent.blob());
    say(state, "The workbook is saved.");
  }
  refresh();
  return { refresh };
}
