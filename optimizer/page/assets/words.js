// Numbers as readers write them. Mirrors answer/words.py and report/words.py.
const SCALES = [[1e9, " bn"], [1e6, " M"], [1e3, " k"]];
const MINUS = "−";

const signed = (text) => text.replace("-", MINUS);
const digits = (x, least, most) => x.toLocaleString("en-US",
  { minimumFractionDigits: least, maximumFractionDigits: most });

// Three significant digits and a scale word; 999.6 k is 1 M.
export function amount(x) {
  if (Number.isNaN(x)) return "–";
  if (!Number.isFinite(x)) return "unlimited";
  for (const [size, word] of SCALES) if (Math.abs(x) >= size * 0.9995) return signed(three(x / size)) + word;
  return signed(three(x));
}

function three(x) {
  const a = Math.abs(x);
  return a >= 99.5 ? digits(x, 0, 0) : String(+x.toPrecision(3));
}

export const percent = (x, places = 1) => (Number.isNaN(x) ? "–" : signed(digits(100 * x, places, places)) + "%");

// A figure's value in its unit; f: what is known of the figure.
export const shown = (f, x) => (f.decimals === null ? amount(x) : percent(x, f.decimals));

// A change against today, nothing where it rounds to none: relative for amounts, points for shares and rates.
export function change(f, now, then) {
  if (Number.isNaN(now) || Number.isNaN(then)) return "–";
  if (f.decimals !== null) {
    const points = digits(Math.abs(100 * (now - then)), f.decimals, f.decimals);
    return Number(points) ? `${now > then ? "+" : MINUS}${points} pt` : "as today";
  }
  if (!then) return now ? "new" : "as today";
  const part = (now - then) / Math.abs(then), told = digits(Math.abs(100 * part), 1, 1);
  return Number(told.replaceAll(",", "")) ? `${part > 0 ? "+" : MINUS}${told}%` : "as today";
}

// A difference, nothing where it is only rounding.
export const plus = (x, write = amount) => (Math.abs(x) < 1e-3 ? "±0" : (x > 0 ? "+" : "") + write(x));

// A number as it would be typed in.
export const plain = (x) => (x === null || x === Infinity ? "unlimited" : String(+Number(x).toPrecision(6)));

export const heading = (name) => {
  const words = name.replaceAll("_", " ").replace(/\bgpu\b/g, "GPU").replace(/\bapi\b/g, "API");
  return words[0].toUpperCase() + words.slice(1);
};

// A number as readers write it: 20.3%, 350 M, 1,200; undefined where it is none.
export function parsed(text) {
  const found = /^([−+-]?[\d,]*\.?\d+)\s*(%|k|M|bn)?$/.exec(text.trim());
  if (!found) return undefined;
  const x = Number(found[1].replaceAll(",", "").replace(MINUS, "-")),
    scale = { k: 1e3, M: 1e6, bn: 1e9 }[found[2]] ?? 1;
  return !Number.isFinite(x) ? undefined : +(found[2] === "%" ? x / 100 : x * scale).toPrecision(12);
}
