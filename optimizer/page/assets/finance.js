// Money per customer and month. Mirrors economics/finance.py, annual.py, advertising.py.
export const listFee = (price, regional, segment) => regional[segment] ?? price;

export const effectiveFee = (price, annualShare, annualDiscount) => price * (1 - annualShare * annualDiscount);

export const seatFactor = (seatMinimum, seats) => Math.max(1, seatMinimum / seats);

export const paymentCost = (bill, share, fixed) => share * bill + (bill > 0 ? fixed : 0);

export const burstCost = (gpus, blockHours, price) => gpus * blockHours * price;

export const reservedCost = (gpus, price, monthHours) => gpus * price * monthHours;

export function takeUp(share, discount, sensitivity, offered) {
  if (sensitivity === null || offered === discount || !(share > 0 && share < 1)) return share;
  return 1 / (1 + ((1 - share) / share) * Math.exp(Math.min(-sensitivity * (offered - discount), 700)));
}

export const deciding = (share, before, factor) =>
  share === before ? 1 : (1 - share * (1 - factor)) / (1 - before * (1 - factor));

export const advertisingRevenue = (impressions, price) => (impressions / 1e3) * price;
