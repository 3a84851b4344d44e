// The standard normal distribution. Mirrors economics/normal.py.
const SERIES = 2.2; // below, a series whose terms are all positive; above, a continued fraction

function erfSeries(x) {
  let term = x, sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function erfcFraction(x) {
  let tail = x; // the larger x, the fewer terms bring full precision
  for (let k = Math.ceil(12 + 125 / (x * x)); k > 0; k--) tail = x + k / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
}

export function erfc(x) {
  if (x < 0) return 2 - erfc(-x);
  if (x === 0) return 1;
  return x < SERIES ? 1 - erfSeries(x) : erfcFraction(x);
}

export const cdf = (x) => 0.5 * erfc(-x / Math.SQRT2);
