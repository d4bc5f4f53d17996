// @ts-check
/**
 * The storefront: what the server rendered comes alive here. In four parts: reading event streams, asking the services,
 * claiming an avatar, and the page itself. No library and no build step; every text is put in as text, never as markup.
 */

const SECOND_MS = 1000;
const ANSWER_WITHIN_MS = 10 * SECOND_MS;
/** Streams say something, if only a ping, every 15 s. One that is silent for longer is broken and nobody told us. */
const SILENT_STREAM_MS = 40 * SECOND_MS;
const FIRST_PAUSE_MS = SECOND_MS / 2;
const LONGEST_PAUSE_MS = 30 * SECOND_MS;
/** After so many tries in a row, of one thing, it is the player who says that it is tried again. */
const MAX_TRIES = 20;
/** A claim takes a fraction of a second; from then on the page says what it waits for. */
const USUAL_MS = 5 * SECOND_MS;
const MAX_MESSAGE_CHARACTERS = 1024 * 1024;
const FEW_LEFT = 10;

// ---- Reading event streams

/**
 * Reads text/event-stream (https://html.spec.whatwg.org/multipage/server-sent-events.html). EventSource does, but sends
 * no token.
 * @param {ReadableStream<any>} body Of bytes.
 * @param {() => void} heard Called for whatever comes, comments too.
 * @returns {AsyncGenerator<{ event: string, data: string, id: string }>} Ends with the stream; half a message is none.
 */
export async function* messagesOf(body, heard = () => {}) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "", afterCr = false, event = "", id = "";
  /** @type {string[]} */
  let data = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      heard();
      if (value === "") continue;
      // A CR has ended its line already; an LF behind it, if only in the next chunk, belongs to it.
      rest += afterCr && value.startsWith("\n") ? value.slice(1) : value;
      afterCr = value.endsWith("\r");
      const lines = rest.split(/\r\n|\r|\n/);
      rest = lines.pop() ?? "";
      if (rest.length > MAX_MESSAGE_CHARACTERS) throw new TypeError("A line of the stream does not end.");
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) yield { event: event || "message", data: data.join("\n"), id };
          [event, data] = ["", []];
          continue;
        }
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
        if (field === "event") event = text;
        else if (field === "data") data.push(text);
        else if (field === "id" && !text.includes("\0")) id = text;
      }
    }
  } finally {
    // Also where the reader of the messages leaves early: the connection is given back.
    await reader.cancel().catch(() => {});
  }
}

// ---- Asking the services

/** What a service answers when it does not do what it was asked (RFC 9457). */
class Refused extends Error {
  /**
   * @param {number} status
   * @param {{ type?: string, title?: string, detail?: string, priceCoins?: number }} problem
   * @param {number | null} afterMs
   */
  constructor(status, problem, afterMs) {
    super(problem.detail ?? problem.title ?? `The answer is ${status}.`);
    this.status = status;
    this.title = problem.title ?? "";
    /** By which decisions are made. */
    this.type = problem.type?.split("/").pop() ?? "";
    this.priceCoins = problem.priceCoins;
    this.afterMs = afterMs;
  }
}

/** Whether the same request may well be answered later: nobody was there, too many asked, something was away. */
const isTemporary = (/** @type {unknown} */ fault) =>
  !(fault instanceof Refused) || [408, 425, 429].includes(fault.status) || fault.status >= 500;

const isSessionsEnd = (/** @type {unknown} */ fault) => fault instanceof Refused && fault.status === 401;

/** Retry-After: seconds, or a date. */
function afterMs(/** @type {string | null} */ header) {
  if (!header) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * SECOND_MS : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** Twice as long each time, and never the same for all who wait. What the service asks for is kept to, if bounded. */
function pauseMs(/** @type {number} */ tries, /** @type {unknown} */ fault) {
  const own = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries) * (0.5 + Math.random() / 2);
  const asked = fault instanceof Refused ? fault.afterMs : null;
  return Math.max(own, Math.min(asked ?? 0, 2 * LONGEST_PAUSE_MS));
}

/**
 * @param {string} url
 * @param {RequestInit & { headers?: Record<string, string> }} request
 * @returns {Promise<Response>} Any answer that is a success.
 */
async function send(url, request = {}) {
  const token = session.token;
  const headers = { ...request.headers, ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(url, { cache: "no-store", credentials: "omit", ...request, headers });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem ?? {}, afterMs(answer.headers.get("retry-after")));
}

/** @param {string} url @param {RequestInit & { headers?: Record<string, string> }} request @returns {Promise<any>} */
const ask = async (url, request = {}) =>
  (await send(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS), ...request })).json();

/** @param {number} ms @param {AbortSignal} [signal] Ends the pause early. */
const pause = (ms, signal) => new Promise((resolve) => {
  if (signal?.aborted) return resolve(undefined);
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(undefined); }, { once: true });
});

/**
 * Who is signed in. The token lives as long as the tab and is no other tab's: two tabs are two players.
 */
const session = {
  get token() { return sessionStorage.getItem("token"); },

  get customerId() { return session.token && subjectOf(session.token); },

  /** @param {string} token A JWT, whose subject is the customer. The services judge it; here it is only read. */
  begin(token) {
    if (!subjectOf(token)) throw new TypeError("This is no token of a player: it is no JWT, or has no subject.");
    sessionStorage.setItem("token", token);
  },

  end() { sessionStorage.removeItem("token"); },
};

/** @returns {string | null} */
function subjectOf(/** @type {string} */ token) {
  try {
    const payload = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    const { sub } = JSON.parse(new TextDecoder().decode(Uint8Array.from(payload, (c) => c.charCodeAt(0))));
    return typeof sub === "string" && sub !== "" ? sub : null;
  } catch {
    return null;
  }
}

// ---- Claiming an avatar

/**
 * @typedef {{ event: string, source: string, at: string }} Step
 * @typedef {{ checkoutId: string, sku: string, priceCoins: number, state: string, reason?: string | null,
 *   createdAt: string, expiresAt: string, endedAt?: string | null, overdue: boolean, waitingFor?: string | null,
 *   traceId?: string | null, timeline: Step[] }} CheckoutView
 * @typedef {{ customerId: string, key: string, sku: string, name: string, priceCoins: number, drawing: string,
 *   checkoutId?: string, startedAt: number }} Claim What is meant by one click, until it has ended.
 */

const nameOf = (/** @type {Pick<Claim, "customerId" | "key">} */ { customerId, key }) => `claim:${customerId}:${key}`;

/**
 * What each player's claims are that have not ended, also when the tab was closed: a tab may have one beside another's.
 * Its key stays the same on every try.
 */
const claims = {
  /** @param {string | null} customerId @param {string} [sku] Of this one; else of any. @returns {Claim | undefined} */
  of(customerId, sku) {
    if (!customerId) return undefined;
    return Object.keys(localStorage).filter((name) => name.startsWith(nameOf({ customerId, key: "" })))
      .map((name) => JSON.parse(localStorage.getItem(name) ?? "{}"))
      .find((kept) => sku === undefined || kept.sku === sku);
  },
  keep(/** @type {Claim} */ claim) { localStorage.setItem(nameOf(claim), JSON.stringify(claim)); },
  forget(/** @type {Claim} */ claim) { localStorage.removeItem(nameOf(claim)); },
};

/**
 * Posts a claim until there is an answer, each time with the same key: however often it arrives, it is one purchase.
 * @param {Claim} claim
 * @param {AbortSignal} signal
 * @param {(fault: unknown, ms: number) => void} onPause
 * @returns {Promise<CheckoutView>}
 */
const post = (claim, signal, onPause) => untilAnswered(() => ask("/checkouts", {
  method: "POST",
  headers: { "content-type": "application/json", "idempotency-key": `"${claim.key}"` },
  body: JSON.stringify({ sku: claim.sku, expectedPriceCoins: claim.priceCoins }),
}), signal, onPause);

/**
 * @template T
 * @param {() => Promise<T>} once
 * @param {AbortSignal} signal
 * @param {(fault: unknown, ms: number) => void} onPause
 */
async function untilAnswered(once, signal, onPause) {
  for (let tries = 0; ; tries++) {
    try {
      return await once();
    } catch (fault) {
      if (signal.aborted || !isTemporary(fault) || tries + 1 >= MAX_TRIES) throw fault;
      const ms = pauseMs(tries, fault);
      onPause(fault, ms);
      await pause(ms, signal);
    }
    signal.throwIfAborted();
  }
}

/**
 * Follows a checkout to its end. A broken stream is taken up again where it broke: the service is told the last
 * message's id.
 * @param {string} checkoutId
 * @param {AbortSignal} signal
 * @param {(view: CheckoutView) => void} onView
 * @param {(fault: unknown, ms: number) => void} onPause
 */
async function follow(checkoutId, signal, onView, onPause) {
  let lastEventId = "", tries = 0;
  for (;;) {
    const silent = new AbortController();
    let timer = 0;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENT_STREAM_MS);
    };
    /** @type {unknown} */
    let fault = null;
    try {
      heard();
      const answer = await send(`/checkouts/${checkoutId}/events`, {
        headers: { accept: "text/event-stream", ...(lastEventId && { "last-event-id": lastEventId }) },
        signal: AbortSignal.any([signal, silent.signal]),
      });
      // It has ended, and what we had heard of it was all.
      if (answer.status === 204 || !answer.body) return onView(await ask(`/checkouts/${checkoutId}`));
      for await (const message of messagesOf(answer.body, heard)) {
        if (message.id) lastEventId = message.id;
        if (message.event !== "checkout" && message.event !== "ended") continue;
        tries = 0;
        onView(JSON.parse(message.data));
        if (message.event === "ended") return;
      }
    } catch (e) {
      fault = e;
      if (signal.aborted || !isTemporary(fault)) throw fault;
    } finally {
      clearTimeout(timer);
    }
    if (++tries >= MAX_TRIES) throw fault ?? new TypeError("The stream ends before the checkout does.");
    const ms = pauseMs(tries - 1, fault);
    onPause(fault, ms);
    await pause(ms, signal);
    signal.throwIfAborted();
  }
}

// ---- What is said of it

const number = new Intl.NumberFormat("en");

const coins = (/** @type {number} */ amount) => `${number.format(amount)} ${amount === 1 ? "coin" : "coins"}`;

/** Why a claim failed; the words of ours for the reasons of theirs (docs/api.md). */
const REASONS = /** @type {Record<string, string>} */ ({
  INSUFFICIENT_FUNDS: "Not enough coins",
  UNKNOWN_ACCOUNT: "You have no coins yet",
  SOLD_OUT: "Sold out",
  ALREADY_OWNED: "You own it already",
  UNKNOWN_PACKAGE: "It is not in stock any more",
  EXPIRED: "It took too long",
});

const reasonOf = (/** @type {CheckoutView} */ view) => REASONS[view.reason ?? ""] ?? "It could not be done";

/** A step in a player's words. @param {Step} step @param {CheckoutView} view @param {Claim} claim */
function wordsOf(step, view, claim) {
  switch (step.event) {
    case "CheckoutCreated": return "Your claim is in";
    case "BalanceDeducted": return view.priceCoins === 0 ? "It costs you nothing" : "Your coins were taken";
    case "DeductionRejected": return `${reasonOf(view)}: nothing was taken`;
    case "AvatarAssigned": return `${claim.name} was put aside for you`;
    case "AssignmentRejected": return `${reasonOf(view)}: your coins are coming back`;
    case "BalanceRefunded": return "Your coins are back";
    case "CheckoutCompleted": return `${claim.name} is yours`;
    case "CheckoutFailed": return "The claim failed";
    case "CheckoutRefunded": return "All is as it was before";
    default: return step.event.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ");
  }
}

/** What is to come next, while something is. Another service's step may be here before Store's answer to it. */
function nextOf(/** @type {CheckoutView} */ view) {
  const is = (/** @type {string} */ event) => view.timeline.some((step) => step.event === event);
  if (hasEnded(view)) return "";
  if (is("AvatarAssigned") || is("DeductionRejected") || is("BalanceRefunded")) return "Just a moment…";
  if (is("AssignmentRejected") || view.state === "refundDue") return "Your coins are coming back…";
  return is("BalanceDeducted") ? "Fetching your avatar…" : "Taking your coins…";
}

/** The title and the sentence below it. @param {CheckoutView} view @param {Claim} claim */
function outcomeOf(view, claim) {
  switch (view.state) {
    case "completed": return { title: `${claim.name} is yours!`, said: "Wear it tonight.", mood: "glad" };
    case "failed": return { title: reasonOf(view), said: "Nothing was taken from your coins.", mood: "sorry" };
    case "refunded": return { title: reasonOf(view), said: "Your coins are back.", mood: "sorry" };
    case "refundDue": return { title: reasonOf(view), said: "Your coins are coming back.", mood: "sorry" };
    default: return { title: `Claiming ${claim.name}`, said: `For ${coins(view.priceCoins)}.`, mood: "busy" };
  }
}

const hasEnded = (/** @type {CheckoutView} */ view) => ["completed", "failed", "refunded"].includes(view.state)
  || Boolean(view.endedAt);

const inSeconds = (/** @type {number} */ ms) => ms < 1.5 * SECOND_MS ? "in a second"
  : `in ${Math.round(ms / SECOND_MS)} seconds`;

/** What goes on while nothing does. @param {unknown} fault @param {number} ms Until it is tried again. */
function troubleOf(fault, ms) {
  const status = fault instanceof Refused ? fault.status : 0;
  const what = status === 429 ? "That was quicker than the store allows."
    : status >= 500 ? "The store is busy right now." : "The store can't be reached right now.";
  return `${what} It is tried again ${inSeconds(ms)}, as the same purchase: you pay once.`;
}

// ---- The page

const find = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {HTMLElement} at @param {string} words Left alone where they stand there already: a reader says them once. */
function say(at, words) {
  if (at.textContent !== words) at.textContent = words;
  at.hidden = words === "";
}

/** @template {keyof HTMLElementTagNameMap} K @param {K} kind @param {Partial<HTMLElementTagNameMap[K]>} [properties] */
const make = (kind, properties, /** @type {(Node | string)[]} */ ...children) => {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...children);
  return made;
};

/** What belongs to the player: null where it is not known, since nobody is signed in or a service is away. */
const own = {
  /** @type {number | null} */ coins: null,
  /** @type {Map<string, number> | null} */ stock: null,
  /** @type {Set<string> | null} */ avatars: null,
};

/**
 * A part of the page that another service knows. Where it does not answer only that part is without, and is asked for
 * again.
 */
class Part {
  #asked = 0;

  /**
   * @param {string | undefined} base The service's address; none where the store does not know it.
   * @param {(me: string) => string} path
   * @param {(answer: any) => void} show Null: not known.
   * @param {unknown} [absent] Stands for 404.
   */
  constructor(base, path, show, absent = null) {
    this.base = base;
    this.path = path;
    this.show = show;
    this.absent = absent;
  }

  async read() {
    const [asked, me] = [++this.#asked, session.customerId];
    let answer = null;
    try {
      if (this.base && me) answer = await ask(this.base + this.path(encodeURIComponent(me)));
    } catch (fault) {
      if (isSessionsEnd(fault)) return sessionEnded();
      if (fault instanceof Refused && fault.status === 404) answer = this.absent;
      else askAgainLater();
    }
    // Another player's, or overtaken by a newer one.
    if (asked === this.#asked && me === session.customerId) this.show(answer);
  }
}

const { balance, inventory } = document.body.dataset;

const parts = [
  // Who never had coins has no account yet.
  new Part(balance, (me) => `/balances/${me}`, (answer) => showCoins(answer?.coins ?? null), { coins: 0 }),
  new Part(inventory, (me) => `/customers/${me}/avatars`,
    (answer) => showAvatars(answer && answer.map((/** @type {{ sku: string }} */ avatar) => avatar.sku))),
  new Part(inventory, () => "/stock", (answer) => {
    own.stock = answer && new Map(answer.map((/** @type {any} */ row) => [row.sku, row.available]));
    showCards();
  }),
];
const [coinsPart] = parts;

const refresh = () => Promise.all(parts.map((one) => one.read()));

let againTimer = 0, againTries = 0;

/** Ever more seldom, and not for ever: who comes back to the page asks anyway. */
function askAgainLater() {
  if (againTimer || againTries >= MAX_TRIES) return;
  againTimer = setTimeout(async () => {
    againTimer = 0;
    const before = ++againTries;
    await refresh();
    if (!againTimer && againTries === before) againTries = 0;
  }, pauseMs(againTries + 2, null));
}

function showCoins(/** @type {number | null} */ some) {
  const { classList } = find("coins");
  const change = own.coins === null || some === null ? 0 : some - own.coins;
  if (change !== 0 || some === null) classList.remove("less", "more");
  if (change !== 0) requestAnimationFrame(() => classList.add(change < 0 ? "less" : "more"));
  classList.toggle("unknown", some === null);
  own.coins = some;
  find("coins-number").textContent = some === null ? "–" : number.format(some);
  find("coins-word").textContent = some === null ? "coins: no answer right now" : some === 1 ? "coin" : "coins";
  showCards();
}

/** @returns {HTMLElement[]} */
const cards = () => [...document.querySelectorAll("li.card")].map((card) => /** @type {HTMLElement} */ (card));

const cardOf = (/** @type {string} */ sku) => cards().find((card) => card.dataset.sku === sku);

function showAvatars(/** @type {string[] | null} */ skus) {
  own.avatars = skus && new Set(skus);
  say(find("owned-words"), skus === null ? "Your avatars can't be shown right now. They are safe, and asked for again."
    : skus.length === 0 ? "None yet. The first one is a click away." : "");
  find("owned-avatars").replaceChildren(...(skus ?? []).map((sku) => {
    const name = cardOf(sku)?.dataset.name ?? sku;
    return make("li", {}, make("img", { src: drawingOf(sku), alt: "", width: 64, height: 64 }), make("span", {}, name));
  }));
  showCards();
}

/** As StorefrontAssets.DrawingOf: of palm-gold it is that of palm, as long as nobody has drawn palm-gold. */
function drawingOf(/** @type {string} */ sku) {
  const { content } = /** @type {HTMLTemplateElement} */ (find("drawings"));
  const drawings = /** @type {HTMLImageElement[]} */ ([...content.children]);
  for (let start = sku; start !== ""; start = start.slice(0, Math.max(0, start.lastIndexOf("-")))) {
    const drawn = drawings.find((drawing) => drawing.dataset.sku === start);
    if (drawn) return drawn.src;
  }
  return /** @type {HTMLImageElement} */ (content.lastElementChild).src;
}

function showCards() {
  for (const card of cards()) {
    const { sku = "", price } = card.dataset;
    const left = own.stock && (own.stock.get(sku) ?? 0);
    const leftAt = /** @type {HTMLElement} */ (card.querySelector(".left"));
    say(leftAt, left === null ? "" : left === 0 ? "Sold out" : left === 1 ? "The last one"
      : left <= FEW_LEFT ? `Only ${left} left` : `${number.format(left)} left`);
    leftAt.classList.toggle("few", left !== null && left <= FEW_LEFT);

    const button = /** @type {HTMLButtonElement} */ (card.querySelector(".claim"));
    const { words, why } = buttonOf(sku, Number(price), left);
    button.hidden = false;
    if (button.textContent !== words) button.textContent = words;
    button.setAttribute("aria-disabled", String(why !== ""));
    /** @type {HTMLElement} */ (card.querySelector(".why")).textContent = why;
    card.classList.toggle("is-owned", own.avatars?.has(sku) ?? false);
    card.classList.toggle("is-gone", left === 0);
  }
}

/** @param {string} sku @param {number} price @param {number | null} left */
function buttonOf(sku, price, left) {
  const words = `Claim for ${coins(price)}`;
  if (!session.token) return { words, why: "Sign in to claim it." };
  if (own.avatars?.has(sku)) return { words: "Owned", why: "It is among your avatars." };
  if (running) return { words, why: running.claim.sku === sku ? "On its way…" : "One claim at a time." };
  if (left === 0) return { words: "Sold out", why: "Nobody can have it now." };
  if (own.coins !== null && own.coins < price) return { words, why: `You need ${coins(price - own.coins)} more.` };
  return { words, why: "" };
}

// ---- A claim on the page

/**
 * @typedef {{ claim: Claim, stop: AbortController, view: CheckoutView | null, trouble: string, timers: number[] }} Run
 * @type {Run | null}
 */
let running = null;

const dialog = () => /** @type {HTMLDialogElement} */ (find("purchase"));

/** 128 random bits. Not randomUUID, which is there only on https and on this machine. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)),
  (byte) => byte.toString(16).padStart(2, "0")).join("");

/** One of this avatar whose end nobody saw is meant, and else a new one. @returns {Claim} */
const claimOf = (/** @type {HTMLElement} */ card) => claims.of(session.customerId, card.dataset.sku) ?? ({
  customerId: session.customerId ?? "",
  key: newKey(),
  sku: card.dataset.sku ?? "",
  name: card.dataset.name ?? "",
  priceCoins: Number(card.dataset.price),
  drawing: /** @type {HTMLImageElement} */ (card.querySelector(".drawing")).src,
  startedAt: Date.now(),
});

async function run(/** @type {Claim} */ claim) {
  if (running) return;
  /** @type {Run} */
  const mine = running = { claim, stop: new AbortController(), view: null, trouble: "", timers: [] };
  const { signal } = mine.stop;
  claims.keep(claim);
  open(claim);
  mine.timers.push(setTimeout(() => showTrouble(mine), USUAL_MS));
  const onPause = (/** @type {unknown} */ fault, /** @type {number} */ ms) => {
    mine.trouble = mine.view ? "The connection broke. Your claim goes on, and is found again in a moment."
      : troubleOf(fault, ms);
    showTrouble(mine);
  };
  try {
    if (!claim.checkoutId) {
      const view = await post(claim, signal, onPause);
      claims.keep(Object.assign(claim, { checkoutId: view.checkoutId }));
      show(mine, view);
    }
    if (!mine.view || !hasEnded(mine.view))
      await follow(claim.checkoutId ?? "", signal, (view) => show(mine, view), onPause);
    claims.forget(claim);
    await ended(mine);
  } catch (fault) {
    await failed(mine, fault);
  }
}

function open(/** @type {Claim} */ claim) {
  /** @type {HTMLImageElement} */ (find("purchase-drawing")).src = claim.drawing;
  find("timeline").replaceChildren();
  find("support-checkout").textContent = find("support-trace").textContent = "–";
  headline({ title: `Claiming ${claim.name}`, said: `For ${coins(claim.priceCoins)}.`, mood: "busy" });
  say(find("purchase-trouble"), "");
  find("purchase-again").hidden = true;
  find("purchase-close").textContent = "Keep shopping";
  if (!dialog().open) dialog().showModal();
  showUnderWay();
  showCards();
}

function headline(/** @type {{ title: string, said: string, mood: string }} */ { title, said, mood }) {
  dialog().dataset.mood = mood;
  say(find("purchase-title"), title);
  say(find("purchase-status"), said);
}

function show(/** @type {Run} */ mine, /** @type {CheckoutView} */ view) {
  const had = mine.view?.timeline ?? [];
  Object.assign(mine, { view, trouble: "" });
  if (!had.length) mine.timers.push(setTimeout(() => lookAgain(mine), deadlineMs(view)));
  headline(outcomeOf(view, mine.claim));
  showTimeline(view, mine.claim);
  showTrouble(mine);
  showUnderWay();
  find("support-checkout").textContent = view.checkoutId;
  find("support-trace").textContent = view.traceId ?? "–";
  const moves = (/** @type {Step[]} */ steps) => steps.filter((step) => step.event.startsWith("Balance")).length;
  if (moves(view.timeline) > moves(had) && !hasEnded(view)) coinsPart.read();
}

/** By its own times: this machine's clock may be wrong. */
const deadlineMs = (/** @type {CheckoutView} */ view) =>
  Math.max(0, Date.parse(view.expiresAt) - Date.parse(view.createdAt)) + SECOND_MS;

/** Nothing happens when a deadline passes, and so no message says it. */
async function lookAgain(/** @type {Run} */ mine) {
  if (mine !== running || !mine.claim.checkoutId) return;
  const view = await ask(`/checkouts/${mine.claim.checkoutId}`).catch(() => null);
  if (view && mine === running && !hasEnded(view)) show(mine, view);
}

/** Only what is new is put in, so that only what is new moves; words may change, as a reason comes behind its step. */
function showTimeline(/** @type {CheckoutView} */ view, /** @type {Claim} */ claim) {
  const list = find("timeline");
  const shown = new Map([...list.children].map((item) => [/** @type {HTMLElement} */ (item).dataset.event, item]));
  const next = nextOf(view);
  const items = [
    ...view.timeline.map((step) => reworded(shown.get(step.event), step, view, claim) ?? itemOf(step, view, claim)),
    ...(next ? [shown.get(next) ?? make("li", { className: "next" }, next)] : []),
  ];
  if (next) /** @type {HTMLElement} */ (items[items.length - 1]).dataset.event = next;
  for (const item of [...list.children]) if (!items.includes(/** @type {HTMLElement} */ (item))) item.remove();
  items.forEach((item, place) => {
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
}

/** @param {Element | undefined} item @param {Step} step @param {CheckoutView} view @param {Claim} claim */
function reworded(item, step, view, claim) {
  if (item) say(/** @type {HTMLElement} */ (item.querySelector(".what")), wordsOf(step, view, claim));
  return item;
}

function itemOf(/** @type {Step} */ step, /** @type {CheckoutView} */ view, /** @type {Claim} */ claim) {
  const service = step.source.split("/").find((name) => name !== "") ?? step.source;
  // Of several machines' clocks: by them alone a story may run backwards.
  const ms = Math.max(0, Date.parse(step.at) - Date.parse(view.createdAt));
  const after = ms < SECOND_MS ? `${ms} ms` : `${(ms / SECOND_MS).toFixed(1)} s`;
  const item = make("li", { className: /Rejected|Failed/.test(step.event) ? "bad" : "good" },
    make("span", { className: "what" }, wordsOf(step, view, claim)),
    make("span", { className: "from" }, `${service[0].toUpperCase()}${service.slice(1)}, `,
      make("time", { dateTime: step.at }, `after ${after}`)));
  item.dataset.event = step.event;
  return item;
}

function showTrouble(/** @type {Run} */ mine) {
  if (mine !== running) return;
  const { view, claim, trouble } = mine;
  const slow = Date.now() - claim.startedAt >= USUAL_MS;
  say(find("purchase-trouble"), trouble ? trouble
    : !view || hasEnded(view) || !(slow || view.overdue) ? ""
    : view.overdue ? `Its time is up, and ${whatItWaitsFor(view)}. It will still end: either you have it, or your coins
        come back. Nothing is lost.`.replaceAll(/\s+/g, " ")
    : `This takes longer than usual: ${whatItWaitsFor(view)}. Nothing is lost.`);
}

function whatItWaitsFor(/** @type {CheckoutView} */ view) {
  const service = (view.waitingFor ?? "").split(":")[0];
  return service === "Balance" && view.state === "refundDue" ? "it waits for Balance, which gives your coins back"
    : service === "Balance" ? "it waits for Balance, which takes the coins"
    : service === "Inventory" ? "it waits for Inventory, which hands out the avatars"
    : `it waits for ${view.waitingFor ?? "the store"}`;
}

/** While the dialog is closed. */
function showUnderWay() {
  const view = running?.view;
  const next = (view && nextOf(view)) || "your claim is on its way…";
  say(find("under-way-words"), running ? `${running.claim.name}: ${next}` : "");
  find("under-way").hidden = !running || dialog().open;
}

function stop(/** @type {Run} */ mine) {
  mine.timers.forEach(clearTimeout);
  mine.stop.abort();
  if (running === mine) running = null;
  showUnderWay();
  showCards();
}

async function ended(/** @type {Run} */ mine) {
  stop(mine);
  find("purchase-close").textContent = "Done";
  const { title, said } = outcomeOf(/** @type {CheckoutView} */ (mine.view), mine.claim);
  if (!dialog().open) note(`${mine.claim.name}: ${title}. ${said}`.replace("!.", "!"));
  await refresh();
  const has = own.coins === null ? "" : ` You have ${coins(own.coins)}.`;
  if (find("purchase-title").textContent === title && !running) say(find("purchase-status"), said + has);
}

async function failed(/** @type {Run} */ mine, /** @type {unknown} */ fault) {
  const { claim } = mine;
  if (mine.stop.signal.aborted) return stop(mine);
  stop(mine);
  if (isSessionsEnd(fault)) return sessionEnded();
  say(find("purchase-trouble"), "");
  find("purchase-close").textContent = "Close";
  find("timeline").querySelector(".next")?.remove();
  if (isTemporary(fault)) {
    headline({
      title: "The store does not answer", mood: "sorry",
      said: "Whether your claim has arrived is not known. It is kept: try again, and you still pay only once.",
    });
    return offer("Try again", () => run(claim));
  }
  claims.forget(claim);
  const [type, card] = [fault instanceof Refused ? fault.type : "", cardOf(claim.sku)];
  if (fault instanceof Refused && fault.priceCoins !== undefined && card)
    return priceChanged(claim, card, fault.priceCoins);
  const isOffSale = type === "package-off-sale" || type === "unknown-package";
  headline({
    title: isOffSale ? `${claim.name} is not sold any more`
      : fault instanceof Refused && fault.title || "It could not be claimed", mood: "sorry",
    said: isOffSale ? "Nothing was taken from your coins." : fault instanceof Error ? fault.message : "",
  });
}

/** Asks whether it is meant at the new price too: that is another claim. */
function priceChanged(/** @type {Claim} */ claim, /** @type {HTMLElement} */ card, /** @type {number} */ price) {
  card.dataset.price = String(price);
  /** @type {HTMLElement} */ (card.querySelector(".amount")).textContent = number.format(price);
  showCards();
  headline({
    title: "The price has changed", mood: "sorry",
    said: `${claim.name} costs ${coins(price)} now, not ${number.format(claim.priceCoins)}. Nothing was taken.`,
  });
  find("purchase-close").textContent = "No, thank you";
  offer(`Claim for ${coins(price)}`, () => run(claimOf(card)));
}

function offer(/** @type {string} */ words, /** @type {() => void} */ act) {
  const button = /** @type {HTMLButtonElement} */ (find("purchase-again"));
  button.textContent = words;
  button.hidden = false;
  button.onclick = () => {
    button.hidden = true;
    find("purchase-title").focus();
    act();
  };
  if (!dialog().open) dialog().showModal();
}

// ---- Signing in and out

const note = (/** @type {string} */ words) => say(find("note"), words);

/** @param {string} token Throws where it is none. */
function signIn(token) {
  const before = session.customerId;
  session.begin(token);
  if (before && before !== session.customerId) leave();
  note("");
  showPlayer();
  refresh();
  const kept = claims.of(session.customerId);
  if (kept && !running) run(kept);
}

function signOut() {
  session.end();
  leave();
  showPlayer();
}

/** Nothing of who played before is left for who comes next. */
function leave() {
  if (running) stop(running);
  if (dialog().open) dialog().close();
  showCoins(null);
  showAvatars(null);
  own.stock = null;
}

/** What was under way is kept, and goes on when the same player is back. */
function sessionEnded() {
  if (!session.token) return;
  const kept = claims.of(session.customerId);
  signOut();
  note(kept ? `Your session has ended. Sign in again: your claim of ${kept.name} is kept, and goes on.`
    : "Your session has ended. Sign in again.");
  find("sign-in-title").focus();
  window.dispatchEvent(new CustomEvent("storefront:session-ended"));
}

function showPlayer() {
  const customerId = session.customerId;
  find("player").hidden = find("owned").hidden = !customerId;
  find("sign-in").hidden = Boolean(customerId);
  find("player-name").textContent = customerId ?? "";
  find("coins-number").textContent = "…";
  showCards();
}

async function signInAsDemoPlayer(/** @type {SubmitEvent} */ submit) {
  submit.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (submit.target));
  const customerId = String(form.get("player") || form.get("other")).trim();
  say(find("sign-in-error"), "");
  try {
    if (!customerId) throw new TypeError("Say which player you are.");
    const { token } = await ask("/demo/token", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ customerId }),
    });
    signIn(token);
    note(`You play as ${customerId}.`);
    find("packages").focus({ preventScroll: true });
  } catch (fault) {
    say(find("sign-in-error"), fault instanceof Error ? fault.message : String(fault));
  }
}

function start() {
  find("packages").addEventListener("click", (click) => {
    const button = /** @type {HTMLElement} */ (click.target).closest("button.claim");
    const card = /** @type {HTMLElement | null} */ (button?.closest("li.card") ?? null);
    if (!button || !card) return;
    if (button.getAttribute("aria-disabled") === "true") {
      // Why not stands below it, and is its description.
      if (!session.token) find("sign-in-title").focus();
      return;
    }
    note("");
    run(claimOf(card));
  });
  find("purchase-close").addEventListener("click", () => dialog().close());
  dialog().addEventListener("close", showUnderWay);
  find("under-way-show").addEventListener("click", () => {
    dialog().showModal();
    showUnderWay();
  });
  find("sign-out").addEventListener("click", () => {
    signOut();
    note("You are signed out.");
    find("sign-in-title").focus();
  });
  if ("demo" in find("sign-in").dataset) find("sign-in").addEventListener("submit", signInAsDemoPlayer);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && session.token) refresh();
  });
  showPlayer();
  const { token } = session;
  if (token) signIn(token);
}

/** For the game around this page, whose web view may call it; a page elsewhere can't. See docs/storefront.md. */
Object.defineProperty(window, "storefront", { value: Object.freeze({ signIn, signOut }) });

start();
