import { describe } from "./describe.js";

const MAX_ROWS = 500, BACKLOG = 40, SILENCE_MS = 35000, PING_MS = 15000, CHAINS_MS = 2000, ANNOUNCE_MS = 2000;
const byId = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

// ---- requests ----
async function ask(path, options) {
  const response = await fetch(path, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(10000), ...options });
  if (response.ok) return response.status === 204 ? null : response.json();
  let why = `status ${response.status}`;
  try {
    const problem = await response.json();
    why = problem.detail || problem.title || why;
  } catch { /* an error page without a body: the status has to do */ }
  throw new Error(why);
}

// ---- chains ----
const stateClass = { live: "good", catching_up: "news", behind: "warn", degraded: "bad", stopped: "quiet" };
let knownChains = "";

async function showChains() {
  const body = byId("chains");
  try {
    const chains = await ask("api/v1/chains");
    body.replaceChildren(...chains.map((chain) => make("tr", {},
      make("td", {}, make("strong", { textContent: chain.chain.toUpperCase() })),
      make("td", { textContent: chain.network }),
      make("td", {}, make("span", { className: `badge ${stateClass[chain.state] ?? "quiet"}`, textContent: chain.state.replaceAll("_", " "), title: chain.reason ?? "" })),
      make("td", { className: "num", textContent: chain.height ?? "–", title: chain.hash ?? "" }),
      make("td", { textContent: chain.feed }),
      make("td", { className: "num", textContent: chain.lag_blocks ? `${chain.lag_blocks} blocks` : "0" }))));
    if (chains.length === 0) body.replaceChildren(note("No chain is configured. Start with: ./belfry demo"));
    fillChains(chains.map((chain) => chain.chain));
  } catch (problem) {
    body.replaceChildren(note(`The server does not answer: ${problem.message}`));
  }
  setTimeout(showChains, document.hidden ? CHAINS_MS * 5 : CHAINS_MS);
}

function note(text) {
  return make("tr", {}, make("td", { colSpan: 6, className: "quiet", textContent: text }));
}

function fillChains(ids) {
  if (ids.join() === knownChains) return;
  knownChains = ids.join();
  const select = byId("lookup-chain"), chosen = select.value;
  select.replaceChildren(...ids.map((id) => make("option", { value: id, textContent: id.toUpperCase() })));
  if (ids.includes(chosen)) select.value = chosen;
  showCommands();
}

// ---- one address ----
byId("lookup").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  showAddress(byId("lookup-chain").value, byId("lookup-address").value.trim());
});

async function showAddress(chain, address) {
  const place = byId("address");
  place.replaceChildren(make("p", { className: "quiet", textContent: "looking …" }));
  const path = `api/v1/addresses/${encodeURIComponent(chain)}/${encodeURIComponent(address)}`;
  try {
    const [found, history] = await Promise.all([ask(path), ask(`${path}/transactions?limit=8`)]);
    const unit = chain.toUpperCase();
    const facts = [["Address", found.address], ["Confirmed", `${found.balance.confirmed} ${unit}`], ["Unconfirmed", `${found.balance.unconfirmed} ${unit}`]];
    if (found.balance.immature !== "0") facts.push(["Immature", `${found.balance.immature} ${unit}`]);
    facts.push(["Received", `${found.received} ${unit}`], ["Sent", `${found.sent} ${unit}`], ["Transactions", found.transactions], ["As of event", found.seq]);
    if (found.watched) facts.splice(1, 0, ["Watched", "yes"]);
    const watch = found.watched ? "" : make("button", { type: "button", className: "primary", textContent: "Watch this address" });
    if (watch) watch.addEventListener("click", () => startWatching(watch, chain, found.address));
    place.replaceChildren(
      make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { className: "mono", textContent: value })])),
      historyTable(history.transactions ?? [], found.address), make("p", {}, watch));
  } catch (problem) {
    place.replaceChildren(make("p", { className: "bad", textContent: problem.message }));
  }
}

function historyTable(transactions, address) {
  if (transactions.length === 0) return make("p", { className: "quiet", textContent: "Nothing has happened here since it is watched." });
  const rows = transactions.map((transaction) => make("tr", {},
    make("td", {}, make("span", { className: "badge", textContent: transaction.state })),
    make("td", { className: "num", textContent: net(transaction, address) }),
    make("td", { className: "mono", textContent: short(transaction.tx_hash), title: transaction.tx_hash })));
  return make("div", { className: "scroll" }, make("table", {}, make("tbody", {}, ...rows)));
}

function net(transaction, address) {
  const movement = transaction.movements?.find((part) => part.address === address);
  return movement ? `${movement.direction === "out" ? "−" : "+"}${movement.amount}` : "";
}

async function startWatching(button, chain, address) {
  button.disabled = true;
  try {
    const watch = await ask("api/v1/watches", {
      method: "POST", headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify({ chain, address }),
    });
    button.replaceWith(make("span", { className: "good", textContent: `Watched, from event ${watch.seq} on.` }));
  } catch (problem) {
    button.disabled = false;
    button.after(make("span", { className: "bad", textContent: ` ${problem.message}` }));
  }
}

// ---- events: one socket, resumed by seq ----
const list = byId("events"), held = [];
let last = null, attempts = 0, paused = false, heardAt = 0, told = 0, announced = 0, announceTimer = 0;

function connect() {
  const socket = new WebSocket(new URL("ws/events", location.href.replace(/^http/, "ws")));
  heardAt = performance.now();
  const beat = setInterval(() => {
    const silent = performance.now() - heardAt;
    if (silent > SILENCE_MS) socket.close();
    else if (silent > PING_MS && socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
  }, 5000);
  const subscribe = (after) => socket.send(JSON.stringify({ type: "subscribe", id: 1, events: [], after }));
  // a new page starts with the latest events, so that it is not empty on a quiet chain; a lost connection goes on where it stopped
  socket.onopen = () => last === null ? socket.send('{"type":"get_status"}') : subscribe(last);
  socket.onmessage = (received) => {
    heardAt = performance.now();
    const message = JSON.parse(received.data);
    if (message.type === "status" && last === null) subscribe(Math.max(0, (message.data.seq ?? 0) - BACKLOG));
    else hear(message);
  };
  socket.onclose = (closed) => {
    clearInterval(beat);
    // 3500–3999 and 4500–4999 say "do not come back"
    if ((closed.code >= 3500 && closed.code < 4000) || (closed.code >= 4500 && closed.code < 5000)) {
      link("lost", "ended", `The server ended the connection: ${closed.reason || closed.code}.`);
      return;
    }
    const wait = Math.min(30000, 500 * 2 ** Math.min(attempts++, 6)) * (1 - Math.random() / 2);
    link("lost", "reconnecting", `Connection lost. Trying again in ${Math.ceil(wait / 1000)} s; nothing is missed, the stream goes on where it stopped.`);
    setTimeout(connect, wait);
  };
}

function hear(message) {
  if (message.type === "subscription_confirmed") {
    attempts = 0;
    link("live", "live", "");
  } else if (message.type === "event") {
    if (last !== null && message.seq <= last) return;
    last = message.seq;
    told++;
    if (paused || (scrollY > 300 && list.childElementCount > 0)) hold(message);
    else show([message]);
  } else if (message.type === "error") {
    link("lost", "refused", message.message ?? String(message.error));
  }
}

function link(state, text, banner) {
  byId("link-state").dataset.state = state;
  byId("link-text").textContent = text;
  byId("banner").textContent = banner;
  byId("banner").hidden = banner === "";
}

function hold(event) {
  held.push(event);
  if (held.length > MAX_ROWS) held.shift();
  const pill = byId("pill");
  pill.hidden = false;
  pill.textContent = `${held.length === MAX_ROWS ? `${MAX_ROWS}+` : held.length} new`;
}

function release() {
  byId("pill").hidden = true;
  show(held.splice(0));
}

function show(events) {
  byId("events-empty").hidden = true;
  list.prepend(...events.map(row).reverse());
  while (list.childElementCount > MAX_ROWS) list.lastElementChild.remove();
  announce();
}

// A screen reader hears at most one sentence every two seconds, however fast events come.
function announce() {
  if (announceTimer) return;
  announceTimer = setTimeout(() => {
    announceTimer = 0;
    byId("announce").textContent = `${told - announced} new events`;
    announced = told;
  }, ANNOUNCE_MS);
}

function row(event) {
  const story = describe(event), data = event.data;
  const at = new Date(event.timestamp * 1000);
  const what = make("span", { className: "what" });
  if (data.tx_hash) what.append(story.void ? make("s", {}, hash(data.tx_hash)) : hash(data.tx_hash), " ");
  if (data.address) {
    const address = make("button", { type: "button", className: "plain mono", textContent: data.address });
    address.addEventListener("click", () => {
      byId("lookup-chain").value = data.currency.toLowerCase();
      byId("lookup-address").value = data.address;
      showAddress(data.currency.toLowerCase(), data.address);
      byId("address-title").scrollIntoView({ block: "nearest" });
    });
    what.append(address, " ");
  }
  what.append(make("span", { className: "quiet", textContent: story.text }));
  const item = make("li", { className: "fresh", hidden: byId("kind").value !== "" && byId("kind").value !== data.event },
    make("time", { dateTime: at.toISOString(), textContent: at.toLocaleTimeString([], { hour12: false }), title: `event ${event.seq}` }),
    make("span", {}, make("span", { className: `badge ${story.tone}`, textContent: story.name })),
    what,
    make("span", { className: "amount", textContent: story.amount }));
  item.dataset.kind = data.event;
  if (story.mark) item.dataset.mark = story.mark;
  return item;
}

function hash(text) {
  return make("span", { className: "mono", textContent: short(text), title: text });
}

function short(text) {
  return text && text.length > 20 ? `${text.slice(0, 10)}…${text.slice(-6)}` : text ?? "";
}

for (const kind of describe.kinds) byId("kind").append(make("option", { value: kind, textContent: kind.replaceAll("_", " ") }));
byId("kind").addEventListener("change", () => {
  const wanted = byId("kind").value;
  for (const item of list.children) item.hidden = wanted !== "" && item.dataset.kind !== wanted;
});
byId("pause").addEventListener("click", () => {
  paused = !paused;
  byId("pause").setAttribute("aria-pressed", String(paused));
  byId("pause").textContent = paused ? "Resume" : "Pause";
  if (!paused) release();
});
byId("clear").addEventListener("click", () => {
  list.replaceChildren();
  byId("events-empty").hidden = false;
});
byId("pill").addEventListener("click", () => {
  if (paused) byId("pause").click();
  else release();
  byId("events-title").focus();
});
addEventListener("scroll", () => {
  if (!paused && scrollY < 50 && held.length > 0) release();
}, { passive: true });

// ---- commands to copy ----
function showCommands() {
  const root = location.origin, chain = knownChains.split(",")[0] || "btc";
  const commands = [
    `./belfry listen${root === "http://127.0.0.1:8081" ? "" : ` --server ${root}`}`,
    `curl ${root}/api/v1/chains`,
    `curl '${root}/api/v1/events?limit=3'`,
    `curl -X POST ${root}/api/v1/watches -H 'content-type: application/json' -d '{"chain":"${chain}","address":"…"}'`,
  ];
  byId("commands").replaceChildren(...commands.map((command) => {
    const copy = make("button", { type: "button", textContent: "Copy" });
    copy.setAttribute("aria-label", `Copy: ${command}`);
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "Select it by hand";
      }
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    });
    return make("li", {}, make("code", { textContent: command }), copy);
  }));
}

showCommands();
showChains();
connect();
