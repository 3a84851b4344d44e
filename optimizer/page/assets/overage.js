// What a customer buys beyond the allowance, and in which order. Mirrors economics/overage.py.
import { bought } from "./usage.js";

// What can be bought, most quality per usd first.
export function sold(terms, quality) {
  const found = [];
  terms.unitPrices.forEach((price, a) => {
    if (price === null) return;
    found.push({ a, price, gain: quality[a], replaces: false });
    if (terms.fallback === null || terms.fallback === a) return;
    const better = quality[a] - quality[terms.fallback];
    if (better > 0) found.push({ a, price, gain: better, replaces: true });
  });
  return found.sort((x, y) => y.gain / Math.max(y.price, 1e-300) - x.gain / Math.max(x.price, 1e-300));
}

// use: {byModel, refused, replaced}, arrays over AI models that are written to; -> {satisfied, metered}
export function spend(use, quality, terms, offers, valueOfUse, priceCoefficient) {
  const { byModel, refused, replaced } = use;
  let satisfied = 0, metered = 0, left = terms.credits;
  for (let a = 0; a < quality.length; a++) satisfied += byModel[a] * quality[a];
  for (const { a, price, gain, replaces } of offers) {
    const open = replaces ? replaced[a] : refused[a];
    let extra = 0;
    if (terms.credits > 0 && price > 0) {
      extra = Math.min(open, left / price);
      left -= price * extra;
      satisfied += gain * extra;
    }
    const paid = bought(open - extra, satisfied, gain, valueOfUse, priceCoefficient, price);
    satisfied += gain * paid;
    metered += price * paid;
    byModel[a] += extra + paid;
    if (replaces) byModel[terms.fallback] = Math.max(byModel[terms.fallback] - (extra + paid), 0);
    else refused[a] -= extra + paid;
  }
  return { satisfied, metered };
}
