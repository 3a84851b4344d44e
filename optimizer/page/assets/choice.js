// How customers choose, decide anew and leave. Mirrors economics/choice.py, decisions.py, reach.py, accounts.py.
export const systematicUtility = (constant, valueOfUse, satisfied, priceCoefficient, bill) =>
  constant + valueOfUse * Math.log1p(satisfied) - priceCoefficient * bill;

// Attractions of the plans of a nest beside each other, at one type; 0 stays 0.
export function nested(attractions, dissimilarity) {
  const utilities = attractions.map((a) => Math.log(a)), largest = Math.max(...utilities, -1e300);
  const beside = utilities.map((v) => (v - largest) / dissimilarity);
  const total = Math.log(Math.max(beside.reduce((sum, v) => sum + Math.exp(v), 0), 1));
  return attractions.map((a, k) => (a > 0 ? a * Math.exp((1 - dissimilarity) * (beside[k] - total)) : 0));
}

export const surplusChange = (before, after, priceCoefficient) => Math.log(after / before) / priceCoefficient;

export function decisionRate(reference, sensitivity, change, least, most) {
  const rate = reference * Math.exp(-sensitivity * change);
  return Math.min(Math.max(rate, Math.min(least, reference)), Math.max(most, reference));
}

export const leaving = (rate, again) => rate * (1 - again);

export const kept = (leavingRate, months) => Math.max(1 - leavingRate, 0) ** months;

export const reachShare = (spend, { base, most, scale }) => base + (most - base) * -Math.expm1(-spend / scale);

// Utility to the account that users belong to: the mean over the usage classes of a segment and payment class.
export function accountUtility(types, utility) {
  const people = new Map(), sums = new Map(), lot = (i) => types.segment[i] * 65536 + types.payment_class[i];
  utility.forEach((v, i) => {
    people.set(lot(i), (people.get(lot(i)) ?? 0) + types.potential[i]);
    sums.set(lot(i), (sums.get(lot(i)) ?? 0) + types.potential[i] * v);
  });
  return utility.map((v, i) => (people.get(lot(i)) > 0 ? sums.get(lot(i)) / people.get(lot(i)) : v));
}
