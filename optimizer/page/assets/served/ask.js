// Questions to the service: one request, or a job whose events come until it has ended.
const ENDED = ["done", "failed", "stopped"];

// The answer as plain data. Throws what the service says where it refuses.
export async function asked(method, address, body) {
  const sent = await fetch(address, body === undefined ? { method }
    : { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) })
    .catch(() => { throw new Error("the service does not answer: is it still running?"); });
  const told = await sent.json().catch(() => ({}));
  if (sent.ok) return told;
  const why = (told.errors ?? []).map((e) => `${e.field}: ${e.message}`).join("; ");
  throw new Error([told.message ?? `the service answers ${sent.status}`, why].filter(Boolean).join(" ("  ) + (why ? ")"
    : ""));
}

// A job: heard.news(data) while it runs, heard.ended(job) at last, heard.failed(words) where there is none.
export function job(kind, body, heard) {
  let stream = null, id = null, over = false;
  const end = (state, outcome, key) => {
    if (over) return;
    over = true;
    stream?.close();
    heard.ended({ id, key, kind, state, outcome });
  };
  const fail = (words) => { if (!over) { over = true; stream?.close(); heard.failed(words); } };
  asked("POST", `/v1/${kind}`, body).then((made) => {
    id = made.id;
    if (over) { asked("DELETE", `/v1/jobs/${id}`).catch(() => {}); return; }
    if (ENDED.includes(made.state)) { end(made.state, made.outcome, made.key); return; }
    stream = new EventSource(`/v1/jobs/${id}/events`);
    stream.addEventListener("progress", (event) => heard.news(JSON.parse(event.data)));
    for (const state of ENDED) stream.addEventListener(state, (event) => end(state, JSON.parse(event.data), made.key));
    // a connection that was lost is taken up again by itself; one that was refused is not
    stream.onerror = () => { if (stream.readyState ===
      EventSource.CLOSED) fail("the service knows no such job any more"); };
  }).catch((error) => fail(error.message));
  return {
    stop() {
      if (id) asked("DELETE", `/v1/jobs/${id}`).catch((error) => fail(error.message));
      else fail("stopped");
    },
  };
}

// Why an outcome holds no answer, in words; empty where it does.
export function trouble(outcome) {
  if (outcome.status === "answer") return "";
  if (outcome.status === "infeasible") return outcome.message;
  return (outcome.findings ?? []).map((f) => [f.field, f.message, f.cure && `(${f.cure})`].filter(Boolean).join(" "))
    .join("; ") || outcome.message;
}
