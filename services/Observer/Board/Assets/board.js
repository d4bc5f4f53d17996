// @ts-check
/**
 * The observer's board: what the server gave comes alive here. One stream says that something changed; lists are asked
 * for then. No library and no build step; every text is put in as text, never as markup. What is there already is left
 * as it is, so that nobody who reads or types there is disturbed.
 *
 * The server knows who looks by a cookie, which no script can read, and which is for the page alone. For all else each
 * tab has a token of its own.
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
const seconds = (/** @type {number} */ of) => `${of.toFixed(1)} s`;
const time = (/** @type {string} */ at) => `${at.slice(0, 19).replace("T", " ")}Z`;
const pause = (/** @type {number} */ ms) => new Promise(resolve => setTimeout(resolve, ms));

/** The page came with figures, or would have: the server knows who looks. */
const hasCookie = "signedIn" in document.body.dataset;
// What was typed in was refused.
if ("refused" in document.body.dataset) sessionStorage.removeItem(TOKEN);
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

const bad = (/** @type {string} */ text) => element("span", [text], { class: "bad" });

/** @param {string} caption @param {string[]} heads @param {(Node | string)[][]} rows */
function table(caption, heads, rows) {
  return element("div", [element("table", [
    element("caption", [caption]),
    element("thead", [element("tr", heads.map(head => element("th", [head], { scope: "col" })))]),
    element("tbody", rows.map(row => element("tr", row.map(cell => element("td", cell === "" ? [] : [cell]))))),
  ])], { class: "wide", tabindex: "0", role: "group", "aria-label": caption });
}

const fieldsOf = (/** @type {unknown} */ fields) => element("pre", [JSON.stringify(fields, null, 1)]);

/** Elements that stand for something (data-key) are not made into those of another. @param {Node} node */
const keyOf = node => node instanceof Element ? `${node.nodeName} ${node.getAttribute("data-key")}` : node.nodeName;

/** Makes what is shown like what was made, and touches only what differs. @param {Node} now @param {Node} made */
function become(now, made) {
  if (now.isEqualNode(made)) return;
  if (keyOf(now) !== keyOf(made)) {
    /** @type {ChildNode} */ (now).replaceWith(made);
    return;
  }
  if (!(now instanceof Element && made instanceof Element)) {
    now.nodeValue = made.nodeValue;
    return;
  }
  for (const { name, value } of made.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  // That it is open is the reader's.
  for (const { name } of [...now.attributes])
    if (name !== "open" && !made.hasAttribute(name)) now.removeAttribute(name);
  const [has, wants] = [[...now.childNodes], [...made.childNodes]];
  wants.forEach((child, i) => i < has.length ? become(has[i], child) : now.append(child));
  for (const child of has.slice(wants.length)) child.remove();
}

/** @param {string} id @param {(Node | string)[]} children */
function show(id, ...children) {
  const made = byId(id).cloneNode(false);
  /** @type {Element} */ (made).append(...children);
  become(byId(id), made);
}

// ---- Figures

/** @param {any} summary */
function showSummary(summary) {
  const audit = summary.auditAgeSeconds === null ? "audit not done yet"
    : `audit ${seconds(summary.auditAgeSeconds)} behind`;
  show("line", `${number.format(summary.purchases)} purchases, ${number.format(summary.wrong)} wrong, `
    + `oldest waiting ${seconds(summary.oldestWaitingSeconds)}, ${audit}`);
  const counts = new Map();
  for (const { event, events } of summary.events) counts.set(event, (counts.get(event) ?? 0) + events);
  for (const count of document.querySelectorAll("[data-event]"))
    count.textContent = number.format(counts.get(/** @type {HTMLElement} */ (count).dataset.event) ?? 0);
  show("events", `${number.format([...counts.values()].reduce((a, b) => a + b, 0))} events are judged, `
    + `${number.format(summary.coinsPaidNotDelivered)} coins are paid and not delivered, `
    + `${number.format(summary.strangers)} records on the topics are no events.`);
  byId("as-of").hidden = true;
}

async function showLists() {
  const [stuck, parked, violations, processes] = await Promise.all(
    ["/stuck?limit=20", "/parked", "/violations?limit=20", "/processes"].map(ask));
  show("stuck", stuck.checkouts.length === 0 ? element("p", ["Nothing is stuck."])
    : table("The oldest first", ["Checkout", "Package", "Waits for", "State", "Since"], stuck.checkouts.map(
      (/** @type {any} */ c) => [linkTo(c.checkoutId), c.sku ?? "?", c.waitsFor ?? "", c.state, time(c.lastAt)])));
  show("parked", parked.parked.length === 0 ? element("p", ["Nothing is parked."])
    : table("As the services say", ["Service", "Event", "Since", "Reason", "Fields"], parked.parked.map(
      (/** @type {any} */ p) => [p.service, `${p.event ?? "?"} (${p.topic} ${p.position})`, time(p.parkedAt), p.reason,
        fieldsOf(p.fields)])));
  show("violations", ...(violations.violations.length === 0 ? [element("p", ["Nothing is wrong."], { class: "good" })]
    : violations.violations.map(violationOf)));
  show("processes", processes.processes.length === 0 ? element("p", ["None was asked yet."])
    : table("What each says of itself", ["Process", "Answer", "Rows compared with events", "Position"],
      processes.processes.map((/** @type {any} */ p) => [p.process, p.problem ? bad(p.problem) : "answers",
        comparedOf(p), positionOf(p)])));
}

/** @param {any} p */
function positionOf(p) {
  const known = (/** @type {number | null} */ of) => of === null ? "?" : number.format(of);
  return p.head !== null ? number.format(p.head) : p.topics.map((/** @type {any} */ t) =>
    `${t.topic ?? "?"}: ${known(t.acknowledged)} of ${known(t.head)}, ${t.state}`).join("; ");
}

/** @param {any} p */
function comparedOf(p) {
  if (!p.compared) return p.head === null ? "" : "by another instance, or not yet";
  const { position, ageSeconds, difference } = p.compared;
  const text = `up to ${number.format(position)}, ${ageSeconds.toFixed(0)} s ago`;
  return difference === null ? text : bad(`${text}: ${difference}`);
}

/** @param {any} violation */
function violationOf(violation) {
  const isOpen = violation.settledAt === null;
  return element("article", [
    element("h3", [violation.kind], isOpen ? { class: "bad" } : {}),
    element("p", [violation.what]),
    element("details", [element("summary", ["The events that show it"]), fieldsOf(violation.events)]),
    isOpen ? settlingOf(violation.id) : element("p", [`Settled by ${violation.who}: ${violation.why}`]),
  ], { "data-key": `${violation.id}` });
}

/** @param {number} id */
function settlingOf(id) {
  const why = element("input", [], { type: "text", maxlength: "200", required: "", autocomplete: "off" });
  return element("form", [element("label", ["Why it is settled", why]),
    element("button", ["Settle"], { type: "submit" })], { class: "live", "data-settle": `${id}` });
}

/** @param {string} id @param {string} why */
async function settle(id, why) {
  await send(`/violations/${id}/settle`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ why }),
  });
  await showLists();
}

// ---- Look-up

const linkTo = (/** @type {string} */ id) =>
  element("button", [id], { type: "button", class: "quiet id", "data-look": id });

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

/** @param {() => Promise<void>} action */
async function tried(action) {
  try {
    await action();
    byId("trouble").textContent = "";
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "AbortError") return;
    if (fault instanceof Refused && [401, 403].includes(fault.status)) signOut(fault.message);
    else byId("trouble").textContent = fault instanceof Refused ? fault.message : "The observer does not answer.";
  }
}

/** What a person asks for. @param {() => Promise<void>} action */
function asked(action) {
  if (token !== null) {
    void tried(action);
    return;
  }
  byId("trouble").textContent = "Sign in first.";
  tokenInput().focus();
}

const tokenInput = () => /** @type {HTMLInputElement} */ (document.querySelector("#sign-in input"));

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

/** For who hands a token over; the form goes its way by the server. @param {string} given */
function signIn(given) {
  token = given;
  sessionStorage.setItem(TOKEN, given);
  session.abort();
  session = new AbortController();
  byId("sign-in").hidden = true;
  byId("sign-out").hidden = false;
  if (!hasCookie) show("line", "Asking how everything is ...");
  void follow();
}

/** The token is not good any more. @param {string} why */
function signOut(why) {
  token = null;
  sessionStorage.removeItem(TOKEN);
  session.abort();
  if (hasCookie) {
    // Whether the server's is still good it says itself.
    location.replace("/");
    return;
  }
  byId("sign-in").hidden = false;
  byId("sign-out").hidden = true;
  show("line", "Sign in to see how everything is.");
  show("events", "Figures come when you are signed in.");
  byId("trouble").textContent = why;
  for (const count of document.querySelectorAll("[data-event]")) count.textContent = "0";
  byId("found").replaceChildren();
  for (const id of ["stuck", "parked", "violations", "processes"]) show(id, element("p", ["Nothing is known yet."]));
}

document.addEventListener("submit", event => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const words = () => /** @type {HTMLInputElement} */ (form.querySelector("input")).value.trim();
  if (form.id === "sign-in") sessionStorage.setItem(TOKEN, words());
  else if (form.id === "sign-out") sessionStorage.removeItem(TOKEN);
  else {
    event.preventDefault();
    const { settle: violation } = form.dataset;
    asked(() => violation ? settle(violation, words()) : lookUp(words()));
  }
});
document.addEventListener("click", event => {
  const { look: id } = /** @type {HTMLElement} */ (event.target).dataset ?? {};
  if (!id) return;
  /** @type {HTMLInputElement} */ (document.querySelector("#look-up input")).value = id;
  byId("look").focus();
  asked(() => lookUp(id));
});
Object.defineProperty(window, "observer", { value: Object.freeze({ signIn }) });
if (token) signIn(token);
else if (hasCookie) {
  // The tab has none of its own, and the figures are the server's.
  byId("sign-in").hidden = false;
  byId("sign-in-why").hidden = false;
}
