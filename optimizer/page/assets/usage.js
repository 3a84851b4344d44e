// What a customer asks for and what caps let through, one cell of customers at a time. Mirrors economics/usage.py.
import { cdf } from "./normal.js";

const spreads = (mean, sigma, cap) => mean > 0 && cap > 0 && sigma > 0 && cap !== Infinity;
const place = (mean, sigma, cap) => (Math.log(cap) - Math.log(mean) + 0.5 * sigma ** 2) / sigma;

export function limitedMean(mean, sigma, cap) {
  if (!spreads(mean, sigma, cap)) return Math.min(mean, cap);
  const z = place(mean, sigma, cap);
  return mean * cdf(z - sigma) + cap * cdf(-z);
}

function limitedSquare(mean, sigma, cap) {
  if (cap === Infinity) return mean ** 2 * Math.exp(sigma ** 2);
  if (!spreads(mean, sigma, cap)) return Math.min(mean, cap) ** 2;
  const z = place(mean, sigma, cap);
  return mean ** 2 * Math.exp(sigma ** 2) * cdf(z - 2 * sigma) + cap ** 2 * cdf(-z);
}

function exceedance(mean, sigma, cap) {
  if (!(spreads(mean, sigma, cap))) return mean > cap ? 1 : 0;
  return cdf(-place(mean, sigma, cap));
}

// windows: [{perMonth, sigma, cap}], the shorter first -> [served a month, chance that a cap binds in the month]
export function served(requests, windows) {
  if (!windows.length) return [requests, 0];
  const [first, second] = windows;
  const mean = requests / first.perMonth, capped = limitedMean(mean, first.sigma, first.cap);
  let quiet = (1 - exceedance(mean, first.sigma, first.cap)) ** first.perMonth;
  if (!second) return [capped * first.perMonth, 1 - quiet];
  const inside = first.perMonth / second.perMonth, mean2 = capped * inside;
  let sigma2 = second.sigma;
  if (first.cap !== Infinity) {
    const variance = Math.max(limitedSquare(mean, first.sigma, first.cap) - capped ** 2, 0) * inside;
    sigma2 = Math.sqrt(Math.log1p(mean2 > 0 ? variance / mean2 ** 2 : 0));
  }
  quiet *= (1 - exceedance(mean2, sigma2, second.cap)) ** second.perMonth;
  return [limitedMean(mean2, sigma2, second.cap) * second.perMonth, 1 - quiet];
}

export function fallbackServed(requests, taken, windows, limit) {
  if (limit === Infinity || !windows.length) return Math.max(requests - taken, 0);
  const { perMonth, sigma, cap } = windows[0], mean = requests / perMonth;
  const layer = limitedMean(mean, sigma, cap + limit) - limitedMean(mean, sigma, cap);
  return Math.max(layer * perMonth, 0);
}

export function bought(refused, satisfied, quality, valueOfUse, priceCoefficient, price) {
  if (price <= 0) return refused;
  if (quality <= 0) return 0;
  const best = valueOfUse / (priceCoefficient * price) - (1 + satisfied) / quality;
  return Math.min(refused, Math.max(best, 0));
}
