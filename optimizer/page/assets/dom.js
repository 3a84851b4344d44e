// Elements, made and filled. Text is always set as text.
export const $ = (id) => document.getElementById(id);

function attribute(e, name, value) {
  if (value === false || value === undefined || value === null) return;
  if (name === "class") e.setAttribute("class", value);
  else if (name.startsWith("on")) e[name] = value;
  else e.setAttribute(name, value === true ? "" : value);
}

export function el(tag, attributes = {}, ...inside) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) attribute(e, name, value);
  e.append(...inside.filter((x) => x !== null && x !== undefined && x !== false));
  return e;
}

export function svg(tag, attributes = {}, ...inside) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) attribute(e, name, value);
  e.append(...inside);
  return e;
}

export const button = (text, onclick, more = {}) => el("button", { type: "button", onclick, ...more }, text);

export const row = (kind, cells) => el("tr", {},
  ...cells.map((c, k) => (c instanceof Element && /^T[HD]$/.test(c.tagName) ? c
    : el(k || kind === "td" ? kind : "th", kind === "th" ? { scope: "col" } : {}, c))));

export function table(head, rows) {
  const body = rows.map((cells) => el("tr", {},
    ...cells.map((c, k) => (k ? el("td", {}, c) : el("th", { scope: "row" }, c)))));
  return el("table", {}, el("thead", {}, el("tr", {}, ...head.map((c) => el("th", { scope: "col" }, c)))),
    el("tbody", {}, ...body));
}

// Text that is only written where it changed: writing costs a layout.
export function say(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

export function saved(name, type, text) {
  const link = el("a", { download: name, href: URL.createObjectURL(new Blob([text], { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
