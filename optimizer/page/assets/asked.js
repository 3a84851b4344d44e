// The report's numbers can be asked about: they are those of the answer, whatever menu the page holds.
import { asStated } from "./state.js";
import { World } from "./world.js";

export function asked(facts, explain) {
  const numbers = [...document.querySelectorAll(".report [data-figure]")].filter((n) => facts.figures[n.dataset.figure]);
  if (!facts.best || !numbers.length) return;
  let at = null;
  const ask = ({ dataset }) => {
    if (!at) { const world = new World(facts); at = { world, e: world.at(asStated(facts.best.state)) }; }
    explain(dataset.figure, { ...at, plan: dataset.plan });
  };
  for (const n of numbers) {
    n.classList.add("ask");
    n.tabIndex = 0;
    n.setAttribute("role", "button");
    n.setAttribute("aria-haspopup", "dialog");
    n.onclick = () => ask(n);
    n.onkeydown = (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); ask(n); } };
  }
}
