// Prices of metered use, and how use answers them. Mirrors economics/metered.py.
const requestPrice = (tokens, prices) =>
  tokens.input * prices.input + tokens.cached * prices.cached + tokens.output * prices.output;

const tokensOf = (input, cached, output) => ({ input: input * (1 - cached), cached: input * cached, output });

// Prices of one group of kinds; a cached token costs what one read anew does where no other price is stated.
const group = (each, prefix) => ({
  input: each[prefix + "input"],
  cached: each[prefix + "cached"] ?? each[prefix + "input"],
  output: each[prefix + "output"],
});

// usd a request for the numbers a market or a case states. Mirrors market/unit_prices.py.
export function unitPrice(aiModel, stated, values) {
  const one = values.map((x, k) => x * stated.factors[k]);
  if (stated.by === "request") return one[0];
  if (stated.kinds[0] === "") return values[0] * (stated.factors[0] * (aiModel.input_tokens + aiModel.output_tokens));
  const each = Object.fromEntries(stated.kinds.map((kind, k) => [kind, one[k]]));
  const whole = tokensOf(aiModel.input_tokens, aiModel.cached, aiModel.output_tokens);
  if (!stated.kinds.includes("above.input") || !aiModel.long) return requestPrice(whole, group(each, ""));
  const long = tokensOf(aiModel.long.input, aiModel.cached, aiModel.long.output), share = aiModel.long.share;
  const above = { input: share * long.input, cached: share * long.cached, output: share * long.output };
  const below = { input: whole.input - above.input, cached: whole.cached - above.cached,
    output: whole.output - above.output };
  return requestPrice(below, group(each, "")) + requestPrice(above, group(each, "above."));
}

const ROUNDING = 1e-12;
export const beyondCredits = (spend, credits) => (spend - credits > ROUNDING * credits ? spend - credits : 0);

export const billedSpend = (spend, included, least) => Math.max(Math.max(spend - included, 0), least);

const answeringRequests = (requests, price, reference, elasticity) =>
  price === reference ? requests : requests * Math.exp(-elasticity * Math.log(price / reference));

function surplusLost(requests, price, reference, elasticity) {
  const log = Math.log(price / reference), exponent = (1 - elasticity) * log;
  const shape = Math.abs(exponent) > 1e-300 ? Math.expm1(exponent) / exponent : 1;
  return requests * reference * log * shape;
}

// Purchases at unit prices from those at reference prices: {bought, spend, lost}.
export function answered(boughtBefore, prices, references, elasticity) {
  const bought = new Float64Array(boughtBefore.length);
  let spend = 0, lost = 0;
  prices.forEach((price, a) => {
    if (price === null) return;
    const reference = references[a] ?? price;
    bought[a] = answeringRequests(boughtBefore[a], price, reference, elasticity);
    spend += price * bought[a];
    if (price !== reference) lost += surplusLost(boughtBefore[a], price, reference, elasticity);
  });
  return { bought, spend, lost };
}
