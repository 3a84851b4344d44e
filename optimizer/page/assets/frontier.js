// The proven frontier as dots that put their menu on the page, and a ring for the menu that is there.
import { $, svg } from "./dom.js";
import { asStated } from "./state.js";
import { heading, shown } from "./words.js";

const WIDE = 420, HIGH = 230, LEFT = 62, LOW = 196, RIGHT = 408, TOP = 14;

export function frontier(facts, app) {
  const found = facts.frontier;
  $("efficient").hidden = !found;
  if (!found) return () => {};
  const { x, y, points } = found, [fx, fy] = [facts.figures[x], facts.figures[y]],
    today = [facts.today.figures[x], facts.today.figures[y]];
  const at = scales([...points.map((p) => [p.x, p.y]), today]), ends = at.ends, box = $("frontier");
  const text = (left, top, words, anchor) => box.append(svg("text", { x: left, y: top, "text-anchor": anchor }, words));
  text(LEFT - 6, TOP + 8, shown(fy, ends.y[1]), "end");
  text(LEFT - 6, LOW, shown(fy, ends.y[0]), "end");
  text(LEFT, LOW + 16, shown(fx, ends.x[0]), "start");
  text(RIGHT, LOW + 16, shown(fx, ends.x[1]), "end");
  text((LEFT + RIGHT) / 2, HIGH - 4, heading(x), "middle");
  text(4, TOP - 4, heading(y), "start");
  box.append(svg("path", { class: "axis", d: `M${LEFT} ${TOP}V${LOW}H${RIGHT}` }));
  box.append(svg("path", { class: "stairs", d: "M" + points.map((p) => at(p.x, p.y).join(" ")).join("L") }));
  for (const p of points) {
    box.append(dot(p, at, `${heading(x)} ${shown(fx, p.x)}, ${heading(y).toLowerCase()} ${shown(fy, p.y)}`, app));
  }
  const [left, top] = at(...today);
  box.append(svg("path", { class: "today", d: `M${left - 5} ${top}l5 -5l5 5l-5 5Z` }));
  text(left, top + 16, "today", "middle");
  const ring = svg("circle", { class: "ring", r: 8 });
  box.append(ring);
  return (world, e) => {
    const [cx, cy] = at(world.figure(e, x), world.figure(e, y));
    ring.setAttribute("cx", cx);
    ring.setAttribute("cy", cy);
  };
}

function dot(p, at, words, app) {
  const [cx, cy] = at(p.x, p.y),
    put = () => app.put(asStated(p.state), `Proven efficient: ${words}; no menu of the case is better in both.`);
  return svg("circle", {
    class: "dot", cx, cy, r: 6, tabindex: 0, role: "button", "aria-label": words, onclick: put,
    onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); put(); } },
  }, svg("title", {}, words));
}

// Places for figures, a little room around all of them; what lies outside is drawn at the edge.
function scales(all) {
  const range = (k) => {
    const v = all.map((p) => p[k]).filter(Number.isFinite), low = Math.min(...v), high = Math.max(...v),
      room = 0.06 * (high - low || 1);
    return [low - room, high + room];
  };
  const x = range(0), y = range(1), within = (v) => Math.min(Math.max(v, -0.02), 1.02);
  const at = (a, b) => [LEFT + (RIGHT - LEFT) * within((a - x[0]) / (x[1] - x[0])),
    LOW - (LOW - TOP) * within((b - y[0]) / (y[1] - y[0]))].map((v) => +v.toFixed(1));
  return Object.assign(at, { ends: { x, y } });
}
