// What customers are like, assumed otherwise: the market is calibrated anew by the service, and the page loaded again.
import { button, el, say } from "../dom.js";
import { plain } from "../words.js";

const LISTED = 40;
const NUMBER = /^[x*+]?-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const TOLD = "Any number of the market, calibrated anew by the service. Believed of today: the market’s file would say so."
  + " Different from today: customers answer to it.";

export function beliefs(app) {
  const { facts } = app, { ask } = facts.served, own = new Set(facts.assumptions.map((a) => a.path));
  const rows = facts.numbers.filter((n) => !own.has(n.path)), sets = { ...ask.sets };
  const look = el("input", { type: "text", id: "belief", list: "belief-paths", "aria-label": "Number of the market",
    placeholder: "e.g. price_elasticity", spellcheck: "false", autocomplete: "off" }),
    paths = el("datalist", { id: "belief-paths" }, ...rows.map((n) => el("option", { value: n.path }))),
    value = el("input", { type: "text", id: "belief-value", inputmode: "decimal", "aria-label": "Value" }),
    about = el("p", { class: "note", id: "belief-about", role: "status" }),
    when = el("select", { id: "belief-when", "aria-label": "What the change is" },
      el("option", { value: "recalibrate:" }, "believed of today"), el("option", { value: "" },
        "different from today")),
    go = button("Recalibrate", () => apply(), { id: "belief-go" }), list = el("p", { id: "beliefs" });
  document.querySelector(".shows").append(el("section", { class: "served" }, el("h2", {}, "If customers are otherwise"),
    el("p", { class: "note" }, TOLD),
    paths, el("p", { class: "acts" }, look, value, when, go), about, list));
  const found = () => rows.find((n) => n.path === look.value.trim());
  look.oninput = () => {
    const n = found(), near = n ? [] : rows.filter((r) => r.path.includes(look.value.trim())).slice(0, LISTED);
    const many = near.length === LISTED ? `${LISTED} or more` : near.length;
    say(about, n ? numberWords(n) : look.value.trim() ? `${many} numbers have this in their path.` : "");
    if (n && !value.value) value.value = plain(n.value);
  };
  look.onchange = look.oninput;
  for (const field of [look, value]) field.onkeydown = (event) => { if (event.key === "Enter") apply(); };
  function apply() {
    const n = found(), text = value.value.trim().replaceAll(",", "");
    if (!n) { say(about, "No number of the market has this path."); return; }
    if (!NUMBER.test(text)) { say(about, "A number, x1.2 for times, or +5 for more."); return; }
    load({ ...sets, [when.value + n.path]: text });
  }
  // The same case with these changes; the menu on the page goes along in the address.
  function load(all) {
    const parts = new URLSearchParams(facts.served.run ? { run: facts.served.run } : typeof ask.case === "string"
      ? { case: ask.case } : {});
    for (const [path, x] of Object.entries(all)) parts.append("change", `${path}=${x}`);
    if (facts.served.run && !Object.keys(all).length) parts.append("change", ""); // none, not even those of the run
    location.assign(`/?${parts}${location.hash}`);
  }
  const changed = Object.entries(sets);
  list.append(...changed.flatMap(([path, x]) => [el("span", { class: "belief" },
    `${path.replace("recalibrate:", "")} ${x} `,
    button("as stated", () => { const { [path]: _, ...rest } = sets; load(rest); }, { class: "link",
      "aria-label": `${path} as stated` })), " "]));
  return { load, rows };
}

const numberWords = (n) => `${plain(n.value)} ${n.unit}`
  + `${n.low === undefined ? "" : `, ${plain(n.low)} to ${plain(n.high)}`}${n.why ? `: ${n.why}` : ""}`;
