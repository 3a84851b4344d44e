// A frontier that was just proven, as dots that put their menu on the page.
import { el, svg } from "../dom.js";
import { heading, shown } from "../words.js";

const WIDE = 420, HIGH = 230, LEFT = 62, LOW = 196, RIGHT = 408, TOP = 16;

export function drawn(body, app, x, y, points, menus, put) {
  const { facts } = app, [fx, fy] = [facts.figures[x], facts.figures[y]], today = [facts.today.figures[x],
    facts.today.figures[y]];
  const reach = (values) => [Math.min(...values), Math.max(...values)], [x0, x1] = reach([...points.map((p) => p.x),
    today[0]]),
    [y0, y1] = reach([...points.map((p) => p.y), today[1]]);
  const at = (a, b) => [+(LEFT + 8 + ((RIGHT - LEFT - 16) * (a - x0)) / (x1 - x0 || 1)).toFixed(1),
    +(LOW - 8 - ((LOW - TOP - 16) * (b - y0)) / (y1 - y0 || 1)).toFixed(1)];
  const text = (left, top, words, anchor) => svg("text", { x: left, y: top, "text-anchor": anchor }, words),
    box = svg("svg",
    { class: "trade", id: "trade", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "group",
      "aria-label": "Efficient menus; choose one to put it on the page" });
  box.append(text(LEFT - 6, TOP + 8, shown(fy, y1), "end"), text(LEFT - 6, LOW, shown(fy, y0), "end"), text(LEFT,
    LOW + 16, shown(fx, x0), "start"),
    text(RIGHT, LOW + 16, shown(fx, x1), "end"), text((LEFT + RIGHT) / 2, HIGH - 4, heading(x), "middle"), text(4,
      TOP - 5, heading(y), "start"),
    svg("path", { class: "axis", d: `M${LEFT} ${TOP}V${LOW}H${RIGHT}` }), svg("path", { class: "stairs",
      d: "M" + points.map((p) => at(p.x, p.y).join(" ")).join("L") }));
  points.forEach((p, k) => {
    const [cx, cy] = at(p.x, p.y),
      words = `${heading(x)} ${shown(fx, p.x)}, ${heading(y).toLowerCase()} ${shown(fy, p.y)}, ${p.verdict}`;
    const take = () => put(menus[k].state, `${words}.`);
    box.append(svg("circle", { class: "dot", cx, cy, r: 5, tabindex: 0, role: "button", "aria-label": words,
      onclick: take,
      onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); take(); } } },
        svg("title", {}, words)));
  });
  const [left, top] = at(...today);
  box.append(svg("path", { class: "today", d: `M${left - 5} ${top}l5 -5l5 5l-5 5Z` }), text(left, top + 16, "today",
    "middle"));
  body.replaceChildren(box, el("p", { class: "note" },
    "Every dot is a proven menu: choose one to put it on the page. The diamond is today."));
}
