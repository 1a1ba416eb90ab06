// What an event means to a person: a name, a tone, one sentence. Pure, and shared by rows and tests.
const kinds = {
  new_payment: { name: "payment", tone: "news" },
  new_transaction: { name: "transaction", tone: "news" },
  verified_tx: { name: "confirmed", tone: "good" },
  address_update: { name: "balance", tone: "quiet" },
  new_block: { name: "block", tone: "block" },
  transaction_replaced: { name: "replaced", tone: "stolen", mark: "taken", void: true },
  transaction_dropped: { name: "dropped", tone: "warn", mark: "undone", void: true },
  transaction_reorged: { name: "reorged", tone: "warn", mark: "undone", void: true },
  block_disconnected: { name: "block undone", tone: "warn", mark: "undone" },
  feed_degraded: { name: "feed degraded", tone: "bad", mark: "outage" },
  feed_recovered: { name: "feed recovered", tone: "good" },
};

export function describe(event) {
  const data = event.data, kind = kinds[data.event] ?? { name: data.event.replaceAll("_", " "), tone: "quiet" };
  return { ...kind, ...override(data), text: sentence(data), amount: amount(data) };
}

describe.kinds = Object.keys(kinds);

function override(data) {
  if (data.event === "transaction_replaced" && data.pays_you === true) return { name: "replaced, pays you", tone: "warn", mark: "undone" };
  if (data.event === "verified_tx") return { name: data.state === "final" ? "final" : `confirmed ×${data.confirmations}` };
  return {};
}

function sentence(data) {
  const reason = typeof data.cause === "string" ? data.cause : data.cause?.reason ?? data.reason ?? "";
  switch (data.event) {
    case "new_block": return `height ${data.block_height} joined the best chain`;
    case "block_disconnected": return `height ${data.block_height} left the best chain`;
    case "verified_tx": return `in block ${data.block_height}`;
    case "transaction_replaced": return data.pays_you ? "another transaction pays you instead" : "the money goes to somebody else";
    case "transaction_dropped": return `gone without a rival${reason ? `: ${reason}` : ""}`;
    case "transaction_reorged": return "its block left the best chain";
    case "feed_degraded": return `news from the node may be missing${reason ? `: ${reason}` : ""}`;
    case "feed_recovered": return "everything missed has been read back";
    case "address_update": return balance(data);
    default: return data.direction === "out" ? "sent" : data.direction === "in" ? "received" : "";
  }
}

function balance(data) {
  const parts = data.balance;
  if (!parts || typeof parts !== "object") return "";
  return Object.entries(parts).filter(([name, value]) => ["confirmed", "unconfirmed", "immature"].includes(name) && value !== "0").map(([name, value]) => `${name} ${value}`).join(", ");
}

function amount(data) {
  if (data.amount === null || data.amount === undefined || ["new_block", "block_disconnected", "address_update"].includes(data.event)) return "";
  const sign = data.direction === "in" ? "+" : data.direction === "out" ? "−" : "";
  return `${sign}${data.amount} ${data.currency}`;
}
