// The page with Python behind it: what is asked of the service, and what comes back, beside the page itself.
import { started } from "../app.js";
import { beliefs } from "./beliefs.js";
import { cases } from "./cases.js";
import { months } from "./months.js";
import { proof } from "./proof.js";
import { runs } from "./runs.js";
import { studies } from "./studies.js";

export const attached = started.then((app) => {
  if (!app) return null;
  const kept = runs(app), over = months(app, kept), made = {
    proof: proof(app, kept), studies: studies(app, kept), cases: cases(app, over), beliefs: beliefs(app), kept, over,
  };
  kept.opened(made.proof);
  app.served = made;
  return made;
});
