// @ts-check
/**
 * The observer's board: what the server gave comes alive here. One stream says that something changed; lists are asked
 * for then. No library and no build step; every text is put in as text, never as markup.
 */

const SECOND_MS = 1000;
const LISTS_EVERY_MS = 3 * SECOND_MS;
/** The stream says something every second, or a ping every 10 s. One that is silent for longer is broken. */
const SILENT_STREAM_MS = 30 * SECOND_MS;
const FIRST_PAUSE_MS = SECOND_MS / 2;
const LONGEST_PAUSE_MS = 10 * SECOND_MS;
const TOKEN = "observer-token";

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const number = new Intl.NumberFormat("en");
const seconds = (/** @type {number | null} */ of) => of === null ? "not known" : `${of.toFixed(1)} s`;
const pause = (/** @type {number} */ ms) => new Promise(resolve => setTimeout(resolve, ms));

/** The tab's; it ends with it. */
let token = sessionStorage.getItem(TOKEN);
let session = new AbortController();

/** An answer that is no success. */
class Refused extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** @param {string} path @param {RequestInit} request */
async function send(path, request = {}) {
  const headers = { ...request.headers, authorization: `Bearer ${token}` };
  const answer = await fetch(path, { cache: "no-store", credentials: "omit", ...request, headers });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail ?? problem.title ?? `The answer is ${answer.status}.`);
}

const ask = async (/** @type {string} */ path) => (await send(path, { signal: session.signal })).json();

/** @param {string} name @param {(Node | string)[]} children @param {Record<string, string>} attributes */
function element(name, children = [], attributes = {}) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** @param {string} caption @param {string[]} heads @param {(Node | string)[][]} rows */
function table(caption, heads, rows) {
  return element("table", [
    element("caption", [caption]),
    element("thead", [element("tr", heads.map(head => element("th", [head], { scope: "col" })))]),
    element("tbody", rows.map(row => element("tr", row.map(cell => element("td", [cell]))))),
  ]);
}

const fieldsOf = (/** @type {unknown} */ fields) => element("pre", [JSON.stringify(fields, null, 1)]);

/** Only where it is another, so that nobody who reads or types there is disturbed. @type {Map<string, string>} */
const shown = new Map();

/** @param {string} id @param {unknown} value @param {() => (Node | string)[]} render */
function show(id, value, render) {
  const text = JSON.stringify(value);
  if (shown.get(id) === text) return;
  shown.set(id, text);
  byId(id).replaceChildren(...render());
}

// ---- Figures

/** @param {any} summary */
function showSummary(summary) {
  const audit = summary.auditAgeSeconds === null ? "audit not done yet"
    : `audit ${seconds(summary.auditAgeSeconds)} behind`;
  byId("line").textContent = `${number.format(summary.purchases)} purchases, ${number.format(summary.wrong)} wrong, `
    + `oldest waiting ${seconds(summary.oldestWaitingSeconds)}, ${audit}`;
  const counts = new Map();
  for (const { event, events } of summary.events) counts.set(event, (counts.get(event) ?? 0) + events);
  for (const count of document.querySelectorAll("[data-event]"))
    count.textContent = number.format(counts.get(/** @type {HTMLElement} */ (count).dataset.event) ?? 0);
  byId("events").textContent = `${number.format([...counts.values()].reduce((a, b) => a + b, 0))} events are judged, `
    + `${number.format(summary.coinsPaidNotDelivered)} coins are paid and not delivered, `
    + `${number.format(summary.strangers)} records on the topics are no events.`;
}

async function showLists() {
  const [stuck, parked, violations, processes] = await Promise.all(
    ["/stuck?limit=20", "/parked", "/violations?limit=20", "/processes"].map(ask));
  show("stuck", stuck, () => stuck.checkouts.length === 0 ? [element("p", ["Nothing is stuck."])]
    : [table("The oldest first", ["Checkout", "Waits for", "State", "Since"], stuck.checkouts.map(
      (/** @type {any} */ c) => [linkTo(c.checkoutId), c.waitsFor, c.state, new Date(c.lastAt).toLocaleString()]))]);
  show("parked", parked, () => parked.parked.length === 0 ? [element("p", ["Nothing is parked."])]
    : [table("As the services say", ["Service", "Event", "Reason", "Fields"], parked.parked.map(
      (/** @type {any} */ p) => [p.service, `${p.event ?? "?"} (${p.topic} ${p.position})`, p.reason,
        fieldsOf(p.fields)]))]);
  show("violations", violations, () => violations.violations.length === 0
    ? [element("p", ["Nothing is wrong."], { class: "good" })] : violations.violations.map(violationOf));
  const known = processes.processes.map((/** @type {any} */ p) => ({ process: p.process, problem: p.problem }));
  show("processes", known, () => [table("Whether each says how far it is", ["Process", "Answer"], known.map(
    (/** @type {any} */ p) => [p.process, p.problem ?? "answers"]))]);
}

/** @param {any} violation */
function violationOf(violation) {
  const parts = [element("h3", [violation.kind], violation.settledAt ? {} : { class: "bad" }),
    element("p", [violation.what]),
    element("details", [element("summary", ["The events that show it"]), fieldsOf(violation.events)])];
  if (violation.settledAt) parts.push(element("p", [`Settled by ${violation.who}: ${violation.why}`]));
  else {
    const why = element("input", [], { type: "text", maxlength: "200", required: "", autocomplete: "off" });
    const form = element("form", [element("label", ["Why it is settled", why]),
      element("button", ["Settle"], { type: "submit" })]);
    form.addEventListener("submit", event => {
      event.preventDefault();
      void tried(async () => {
        await send(`/violations/${violation.id}/settle`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ why: /** @type {HTMLInputElement} */ (why).value }),
        });
        await showLists();
      });
    });
    parts.push(form);
  }
  return element("article", parts);
}

// ---- Look-up

/** @param {string} id */
function linkTo(id) {
  const link = element("button", [id], { type: "button", class: "quiet" });
  link.addEventListener("click", () => {
    /** @type {HTMLInputElement} */ (document.querySelector("#look-up input")).value = id;
    byId("look").focus();
    void tried(() => lookUp(id));
  });
  return link;
}

/** @param {string} id */
async function lookUp(id) {
  const isCheckout = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
  const found = byId("found");
  try {
    found.replaceChildren(...(isCheckout ? checkoutOf(await ask(`/checkouts/${id}`))
      : customerOf(await ask(`/customers/${encodeURIComponent(id)}`))));
  } catch (fault) {
    if (!(fault instanceof Refused) || fault.status === 401) throw fault;
    found.replaceChildren(element("p", [fault.message]));
  }
}

/** @param {any} c */
function checkoutOf(c) {
  const parts = [element("h3", [`${c.sku ?? "?"} for ${c.customerId ?? "?"}: ${c.state}`])];
  for (const blocker of c.blockedBy) parts.push(element("p", [blocker.sentence], { class: "bad" }));
  for (const violation of c.violations) parts.push(element("p", [violation], { class: "bad" }));
  parts.push(table("In the order in which one led to the other", ["Event", "Service", "When", "After", "Where", "Fields"],
    c.events.map((/** @type {any} */ e) => [e.event, e.service, e.at, e.afterMs === null ? "" : `${e.afterMs} ms`,
      `${e.topic}/${e.partition} ${e.position}`, fieldsOf(e.fields)])));
  if (c.toCome.length > 0) parts.push(element("p", [`To come: ${c.toCome.join("; then ")}.`]));
  if (c.traceUrl) parts.push(element("p", [element("a", ["Its trace"], { href: c.traceUrl, rel: "noreferrer" })]));
  return parts;
}

/** @param {any} c */
function customerOf(c) {
  return [element("h3", [c.customerId]),
    table("Coins", ["When", "Event", "Coins", "Balance", "Cause"], c.coins.map((/** @type {any} */ line) => [line.at,
      line.event, number.format(line.coins), number.format(line.balanceCoins),
      line.checkoutId ? linkTo(line.checkoutId) : `${line.cause ?? ""} ${line.reference ?? ""}`])),
    table("Checkouts, the newest first", ["Checkout", "Package", "State", "Waits for"], c.checkouts.map(
      (/** @type {any} */ line) => [linkTo(line.checkoutId), line.sku ?? "?", line.state, line.waitsFor ?? ""]))];
}

// ---- The session

/** The summaries of one stream, as they come. @param {AbortSignal} signal */
async function* summaries(signal) {
  const answer = await send("/events", { signal });
  const reader = /** @type {ReadableStream<any>} */ (answer.body).pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const silence = pause(SILENT_STREAM_MS).then(() => ({ done: true, value: undefined }));
      const { value, done } = await Promise.race([reader.read(), silence]);
      if (done) return;
      rest += value;
      const messages = rest.split("\n\n");
      rest = messages.pop() ?? "";
      for (const message of messages) {
        const data = message.split("\n").find(line => line.startsWith("data: "));
        if (data) yield JSON.parse(data.slice("data: ".length));
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** @param {() => Promise<void>} action @returns {Promise<boolean>} */
async function tried(action) {
  try {
    await action();
    byId("trouble").textContent = "";
    return true;
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "AbortError") return false;
    if (fault instanceof Refused && [401, 403].includes(fault.status)) signOut(fault.message);
    else byId("trouble").textContent = fault instanceof Refused ? fault.message : "The observer does not answer.";
    return false;
  }
}

async function follow() {
  const { signal } = session;
  let askedAt = 0;
  for (let wait = FIRST_PAUSE_MS; !signal.aborted; wait = Math.min(LONGEST_PAUSE_MS, 2 * wait)) {
    await tried(async () => {
      for await (const summary of summaries(signal)) {
        showSummary(summary);
        byId("trouble").textContent = "";
        wait = FIRST_PAUSE_MS;
        if (Date.now() - askedAt < LISTS_EVERY_MS) continue;
        askedAt = Date.now();
        await showLists();
      }
    });
    if (!signal.aborted) await pause(wait * (0.5 + Math.random() / 2));
  }
}

/** @param {string} given */
export function signIn(given) {
  token = given;
  sessionStorage.setItem(TOKEN, given);
  session.abort();
  session = new AbortController();
  byId("sign-in").hidden = true;
  byId("sign-out").hidden = false;
  byId("line").textContent = "Asking how everything is ...";
  void follow();
}

/** @param {string} why */
function signOut(why) {
  token = null;
  sessionStorage.removeItem(TOKEN);
  session.abort();
  byId("sign-in").hidden = false;
  byId("sign-out").hidden = true;
  byId("line").textContent = "Sign in to see how everything is.";
  byId("trouble").textContent = why;
  shown.clear();
  for (const id of ["found", "stuck", "parked", "violations", "processes"]) byId(id).replaceChildren();
}

byId("sign-in").addEventListener("submit", event => {
  event.preventDefault();
  const input = /** @type {HTMLInputElement} */ (document.querySelector("#sign-in input"));
  signIn(input.value.trim());
  input.value = "";
  byId("look").focus();
});
byId("sign-out").addEventListener("click", () => signOut(""));
byId("look-up").addEventListener("submit", event => {
  event.preventDefault();
  const { value } = /** @type {HTMLInputElement} */ (document.querySelector("#look-up input"));
  void tried(() => lookUp(value.trim()));
});
if (token) signIn(token);
