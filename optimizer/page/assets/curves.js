// The aim over every slider, the rest of the menu kept: a slice of work at a time, so that dragging stays smooth.
import { fromStep } from "./levers.js";
import { plain } from "./words.js";

const POINTS = 25, SLICE = 8;

// Work goes on after whatever waits, without the pause that timers have.
const channel = new MessageChannel();
const waiting = [];
channel.port1.onmessage = () => waiting.shift()();
export const later = (work) => { waiting.push(work); channel.port2.postMessage(0); };

// job: {slider, at: x -> {y, why}}; done() once all are drawn
export class Curves {
  constructor() { this.round = 0; }
  stop() { this.round++; }
  start(jobs, done = () => {}) {
    const mine = ++this.round, queue = jobs.map((job) => ({ ...job, steps: stepsOf(job.slider), points: [] }));
    const slice = () => {
      if (mine !== this.round) return;
      const until = performance.now() + SLICE;
      while (queue.length && performance.now() < until) {
        const job = queue[0], x = job.steps[job.points.length];
        job.points.push({ x, ...job.at(x) });
        if (job.points.length === job.steps.length) {
          job.slider.draw(job.points, told(job.slider, job.points));
          queue.shift();
        }
      }
      if (queue.length) later(slice);
      else done();
    };
    slice();
  }
}

// Values along a slider, where it stands among them.
function stepsOf({ lever, value }) {
  const all = Array.from({ length: POINTS }, (_, k) => fromStep(lever, Math.round((lever.top * k) / (POINTS - 1))));
  return [...new Set([...all, value()])].sort((a, b) => a - b);
}

// Where what is allowed ends, and why.
function told({ lever }, points) {
  const fine = points.filter((p) => !p.why);
  if (fine.length === points.length) return "";
  if (!fine.length) return `nowhere allowed: ${points[0].why}`;
  const first = points.findIndex((p) => !p.why), last = points.findLastIndex((p) => !p.why), said = [];
  if (first > 0) said.push(`below ${plain(points[first].x)}: ${points[first - 1].why}`);
  if (last < points.length - 1) said.push(`above ${plain(points[last].x)}: ${points[last + 1].why}`);
  return said.join(" · ") || `in between: ${points.find((p) => p.why).why}`;
}
