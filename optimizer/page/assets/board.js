// The figures at a glance against today, the conditions, and what breaks first.
import { $, el, say } from "./dom.js";
import { change, heading, parsed, shown } from "./words.js";

const STATES = { met: "met", tight: "at its bound", broken: "broken" };

// Tiles are there already, written for readers without scripts; from here on they follow the menu.
export function board(facts, explain, app) {
  const tiles = [...document.querySelectorAll("#board .tile")].map((tile) => {
    const name = tile.dataset.figure, value = tile.querySelector(".value");
    value.onclick = () => explain(name);
    const told = tile.querySelector(".change"), by = el("b"), on = el("span");
    told.replaceChildren(by, on);
    return { name, value, told, by, on };
  });
  const lamps = [...document.querySelectorAll("#conditions li")].map((lamp, k) => lampAt(facts, lamp, k, app));
  return function draw(world, e, judged) {
    for (const t of tiles) tileAt(facts, world, e, t);
    judged.conditions.forEach((c, k) => {
      const { lamp, word, text, asked } = lamps[k], bound = shown(facts.figures[c.figure], c.bound);
      if (document.activeElement !== asked && asked.value !== bound) asked.value = bound;
      asked.classList.toggle("moved", k in app.state.bounds);
      lamp.dataset.state = c.state;
      say(word, STATES[c.state]);
      say(text, conditionWords(facts, c));
    });
    say($("first"), firstToBreak(facts, judged.conditions));
    say($("rules"), judged.broken.length > judged.conditions.filter((c) => c.state === "broken").length
      ? `Not allowed: ${judged.broken.slice(judged.conditions.filter((c) => c.state === "broken").length).join("; ")}.`
        : "");
  };
}

// A condition and the number it asks for, which can be another one.
function lampAt(facts, lamp, k, app) {
  const c = facts.case.conditions[k],
    asked = el("input", { type: "text", "aria-label": `${heading(c.name)}: ${c.sense > 0 ? "at least" : "at most"}`,
      title: "What the condition asks; empty: as the case has it" });
  asked.onchange = () => {
    const bound = parsed(asked.value);
    if (asked.value.trim() && bound === undefined) { asked.setAttribute("aria-invalid", "true"); return; }
    asked.removeAttribute("aria-invalid");
    if (asked.value !== shown(facts.figures[c.figure], c.bound)) app.ask(k, bound);
    asked.blur();
    app.redraw();
  };
  lamp.append(" ", asked);
  return { lamp, word: lamp.querySelector("b"), text: lamp.querySelector("span"), asked };
}

function tileAt(facts, world, e, t) {
  const f = facts.figures[t.name], x = world.figure(e, t.name), then = facts.today.figures[t.name];
  say(t.value, shown(f, x));
  const told = change(f, x, then);
  say(t.by, told);
  say(t.on, told === "as today" || told === "–" ? "" : ` on ${shown(f, then)}`);
  const better = told === "as today" || told === "–" ? "" : (x > then) === (f.more > 0) ? "better" : "worse";
  if (t.told.dataset.way !== better) t.told.dataset.way = better;
}

function conditionWords(facts, c) {
  const f = facts.figures[c.figure];
  return `${heading(c.name)} ${shown(f, c.value)}, asked ${c.sense > 0 ? "at least" : "at most"}`;
}

// Of the conditions that hold, the one with the least room.
function firstToBreak(facts, conditions) {
  const held = conditions.filter((c) => c.state !== "broken").sort((a, b) => a.room - b.room);
  if (conditions.length < 2 && !held.length) return "";
  if (!held.length) return "No condition holds.";
  const name = heading(held[0].name).toLowerCase();
  return held[0].state === "tight" ? `Breaks first: ${name}, at its bound already.`
    : `Breaks first: ${name}, ${(100 * held[0].room).toFixed(1)}% from its bound.`;
}
