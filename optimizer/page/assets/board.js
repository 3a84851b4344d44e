// The figures at a glance against today, the conditions, and what breaks first.
import { $, el, say } from "./dom.js";
import { change, heading, shown } from "./words.js";

const STATES = { met: "met", tight: "at its bound", broken: "broken" };

// Tiles are there already, written for readers without scripts; from here on they follow the menu.
export function board(facts, explain) {
  const tiles = [...document.querySelectorAll("#board .tile")].map((tile) => {
    const name = tile.dataset.figure, value = tile.querySelector(".value");
    value.onclick = () => explain(name);
    const told = tile.querySelector(".change"), by = el("b"), on = el("span");
    told.replaceChildren(by, on);
    return { name, value, told, by, on };
  });
  const lamps = [...document.querySelectorAll("#conditions li")].map((lamp) => ({ lamp, word: lamp.querySelector("b"), text: lamp.querySelector("span") }));
  return function draw(world, e, judged) {
    for (const t of tiles) tileAt(facts, world, e, t);
    judged.conditions.forEach((c, k) => {
      const { lamp, word, text } = lamps[k];
      lamp.dataset.state = c.state;
      say(word, STATES[c.state]);
      say(text, conditionWords(facts, c));
    });
    say($("first"), firstToBreak(facts, judged.conditions));
    say($("rules"), judged.broken.length > judged.conditions.filter((c) => c.state === "broken").length
      ? `Not allowed: ${judged.broken.slice(judged.conditions.filter((c) => c.state === "broken").length).join("; ")}.` : "");
  };
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

export function conditionWords(facts, c) {
  const f = facts.figures[c.figure];
  return `${heading(c.name)} ${shown(f, c.value)}, asked ${c.sense > 0 ? "at least" : "at most"} ${shown(f, c.bound)}`;
}

// Of the conditions that hold, the one with the least room.
function firstToBreak(facts, conditions) {
  const held = conditions.filter((c) => c.state !== "broken").sort((a, b) => a.room - b.room);
  if (conditions.length < 2 && !held.length) return "";
  if (!held.length) return "No condition holds.";
  const name = heading(held[0].name).toLowerCase();
  return held[0].state === "tight" ? `Breaks first: ${name}, at its bound already.` : `Breaks first: ${name}, ${(100 * held[0].room).toFixed(1)}% from its bound.`;
}
