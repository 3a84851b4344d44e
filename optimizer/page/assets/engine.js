// The formulas together: facts and terms in, every figure out. What the page and its tests stand on.
import { evaluate, segmentGains } from "./evaluate.js";
import { figure } from "./figures.js";
import { marketOf, termsOf, unpacked } from "./market.js";
import { erfc } from "./normal.js";
import { perCustomer } from "./response.js";

export const normalTail = erfc;

export const unpack = unpacked;

export const market = marketOf;

// By plan what each does per customer at stated terms; null off the menu.
export const responses = (market, menu) =>
  market.plans.map((plan, j) => menu[j] && perCustomer(market, plan, termsOf(market, plan, menu[j])));

export const atMenu = (market, menu, enterpriseShare, budget) =>
  evaluate(market, responses(market, menu), enterpriseShare, budget);

export const figureOf = figure;

export const gainsOf = segmentGains;
