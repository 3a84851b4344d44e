// What serving takes in GPU time, tokens and money. Mirrors economics/serving.py and market/supply.py.
const gpuSeconds = (m) => (m.input_tokens * (1 - m.cached)) / m.prefill + m.output_tokens / m.decode;

export const gpusBusy = (gpuHours, share, blockHours) => (gpuHours * share) / blockHours;

function tokenCost({ input_tokens, cached, output_tokens, token_prices: prices }) {
  if (!prices) return 0;
  return input_tokens * ((1 - cached) * prices.input + cached * prices.cached) + output_tokens * prices.output;
}

// By AI model: paid GPU hours of a request in each pool, and usd a request for tokens bought.
export function supply(facts) {
  const { ai_models: models, pools } = facts;
  const hours = models.map((m) =>
    pools.map((pool, p) => (m.pool === p ? gpuSeconds(m) / 3600 / pool.utilisation : 0)),
  );
  return { gpuHours: hours, tokenCost: models.map(tokenCost) };
}
