// Value and bound over time: two stairs that close on each other.
import { svg } from "../dom.js";

const LEFT = 64, RIGHT = 412, TOP = 10, LOW = 108;

// points: {at (seconds), value or null, bound or null}; write: a number as a reader has it
export function closing(box, points, seconds, write) {
  const seen = points.filter((p) => p.bound !== null), known = seen.flatMap((p) => [p.value, p.bound])
    .filter((x) => x !== null);
  if (!known.length) { box.replaceChildren(); return; }
  const low = Math.min(...known), high = Math.max(...known), span = high - low || Math.abs(high) || 1,
    last = Math.max(seconds, 1e-3);
  const x = (at) => +(LEFT + ((RIGHT - LEFT) * at) / last).toFixed(1),
    y = (v) => +(LOW - ((LOW - TOP) * (v - low)) / span).toFixed(1);
  const stairs = (field) => {
    const steps = seen.filter((p) => p[field] !== null);
    const path = steps.map((p, k) => `${k ? "H" : "M"}${x(p.at)}${k ? "V" : " "}${y(p[field])}`).join("");
    return path && `${path}H${RIGHT}`;
  };
  const text = (left, top, anchor, words) => svg("text", { x: left, y: top, "text-anchor": anchor }, words);
  box.replaceChildren(
    svg("path", { class: "axis", d: `M${LEFT} ${TOP}V${LOW}H${RIGHT}` }),
    svg("path", { class: "bound", d: stairs("bound") }), svg("path", { class: "value", d: stairs("value") }),
    text(LEFT - 6, TOP + 8, "end", write(high)), text(LEFT - 6, LOW, "end", high > low ? write(low) : ""),
    text(LEFT, LOW + 16, "start", "0 s"), text(RIGHT, LOW + 16, "end", `${last.toFixed(last < 10 ? 2 : 0)} s`),
  );
}
