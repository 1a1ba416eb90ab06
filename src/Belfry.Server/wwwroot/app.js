import { describe } from "./describe.js";
import { ask, key } from "./requests.js";
import { openStream } from "./stream.js";

const MAX_ROWS = 500, CHAINS_MS = 2000, ANNOUNCE_MS = 2000, NOTICE_MS = 8000, LISTED_WATCHES = 24;
const byId = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

// ---- API key ----
key.onNeeded((sentence) => {
  if (sentence || byId("key-card").hidden) byId("key-note").textContent = sentence;
  byId("key-card").hidden = false;
  link("lost", "needs a key", "");
});
byId("key-form").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  key.set(byId("key").value.trim());
  byId("key").value = "";
  byId("key-card").hidden = true;
  stream.reconnect();
  showChains();
  showWatches();
});

// ---- chains ----
const transactionClass = { seen: "news", confirmed: "good", final: "good", replaced: "stolen", conflicted: "stolen", dropped: "warn", reorged: "warn" };
const stateClass = { live: "good", catching_up: "news", behind: "warn", degraded: "bad", stopped: "quiet" };
let knownChains = "", chainsTimer = 0;

async function showChains() {
  const body = byId("chains");
  clearTimeout(chainsTimer);
  try {
    const chains = await ask("api/v1/chains");
    body.replaceChildren(...chains.map((chain) => make("tr", {},
      make("td", {}, make("strong", { textContent: chain.chain.toUpperCase() })),
      make("td", { textContent: chain.network }),
      make("td", {}, make("span", { className: `badge ${stateClass[chain.state] ?? "quiet"}`, textContent: chain.state.replaceAll("_", " "), title: chain.reason ?? "" })),
      make("td", { className: "num", textContent: chain.height ?? "–", title: chain.hash ?? "" }),
      make("td", { textContent: chain.feed }),
      make("td", { className: "num", textContent: chain.lag_blocks ? `${chain.lag_blocks} blocks` : "0" }))));
    for (const chain of chains.filter((one) => one.reason)) body.append(note(`${chain.chain.toUpperCase()}: ${chain.reason}`, "reason"));
    if (chains.length === 0) body.replaceChildren(note("No chain is configured. Start with: ./belfry demo"));
    fillChains(chains.map((chain) => chain.chain));
  } catch (problem) {
    body.replaceChildren(note(byId("key-card").hidden ? `The server does not answer: ${problem.message}` : "The server asks for an API key."));
  }
  // without a key there is nothing to ask for; entering one starts this again
  if (byId("key-card").hidden) chainsTimer = setTimeout(showChains, document.hidden ? CHAINS_MS * 5 : CHAINS_MS);
}

function note(text, className = "quiet") {
  return make("tr", {}, make("td", { colSpan: 6, className, textContent: text }));
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
    place.replaceChildren(
      make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { className: "mono", textContent: value })])),
      historyTable(history.transactions ?? [], found.address), found.watched ? "" : watchForm(chain, found.address));
  } catch (problem) {
    place.replaceChildren(make("p", { className: "bad", textContent: problem.message }));
  }
}

function historyTable(transactions, address) {
  if (transactions.length === 0) return make("p", { className: "quiet", textContent: "Nothing has happened here since it is watched." });
  const rows = transactions.map((transaction) => make("tr", {},
    make("td", {}, make("span", { className: `badge ${transactionClass[transaction.state] ?? "quiet"}`, textContent: transaction.state })),
    make("td", { className: "num", textContent: net(transaction, address) }),
    make("td", { className: "mono", textContent: short(transaction.tx_hash), title: transaction.tx_hash })));
  return make("div", { className: "scroll" }, make("table", {}, make("tbody", {}, ...rows)));
}

function net(transaction, address) {
  const movement = transaction.movements?.find((part) => part.address === address);
  return movement ? `${movement.direction === "out" ? "−" : "+"}${movement.amount}` : "";
}

function watchForm(chain, address) {
  const label = make("input", { type: "text", name: "label", maxLength: 100, autocomplete: "off", placeholder: "your own note" });
  const button = make("button", { type: "submit", textContent: "Watch this address" });
  const form = make("form", { className: "lookup" }, make("label", { className: "grow" }, "Label ", label), button);
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    button.disabled = true;
    try {
      const body = JSON.stringify({ chain, address, ...(label.value.trim() && { label: label.value.trim() }) });
      const watch = await ask("api/v1/watches", { method: "POST", headers: { "content-type": "application/json" }, body });
      form.replaceWith(make("p", { className: "good", textContent: `Watched, from event ${watch.seq} on.` }));
      showWatches();
    } catch (problem) {
      button.disabled = false;
      button.after(make("span", { className: "bad", textContent: ` ${problem.message}` }));
    }
  });
  return form;
}

// ---- what is watched ----
async function showWatches() {
  try {
    const page = await ask(`api/v1/watches?limit=${LISTED_WATCHES}`);
    const buttons = page.watches.map((watch) => {
      const button = make("button", { type: "button", className: "chip", textContent: watch.label || short(watch.address), title: watch.address });
      button.addEventListener("click", () => lookUp(watch.chain, watch.address));
      return make("li", {}, button);
    });
    byId("watches").replaceChildren(...buttons);
    byId("watches").hidden = buttons.length === 0;
  } catch { /* the chains' card tells why the server does not answer */ }
}

function lookUp(chain, address) {
  byId("lookup-chain").value = chain;
  byId("lookup-address").value = address;
  showAddress(chain, address);
  byId("address-title").scrollIntoView({ block: "nearest" });
}

// ---- events ----
const list = byId("events"), held = [];
let paused = false, told = 0, announced = 0, announceTimer = 0, noticeTimer = 0;

const stream = openStream({
  event(message) {
    told++;
    if (paused || (scrollY > 300 && list.childElementCount > 0)) hold(message);
    else show([message]);
  },
  live({ again, restarted }) {
    link("live", "live", restarted ? "The server has a new journal: its data were replaced. These are its latest events."
      : again ? "Connected again. What happened meanwhile is in the list; nothing is missed." : "", "good");
    if (again) noticeTimer = setTimeout(() => { byId("banner").hidden = true; }, NOTICE_MS);
    if (restarted) showWatches();
  },
  lost: (sentence) => link("lost", "reconnecting", sentence),
  refused: (sentence) => link("lost", "ended", sentence),
});

function link(state, text, banner, tone = "bad") {
  clearTimeout(noticeTimer);
  byId("link-state").dataset.state = state;
  byId("link-text").textContent = text;
  byId("banner").textContent = banner;
  byId("banner").dataset.tone = tone;
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
    address.addEventListener("click", () => lookUp(data.chain ?? data.currency.toLowerCase(), data.address));
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
showWatches();
