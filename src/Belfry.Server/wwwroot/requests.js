// Requests to this server, with the API key where it asks for one. The key lives in this tab only (sessionStorage) and travels in a header or in the socket's `auth`
// message: never in an address, which ends up in logs and histories.
const PLACE = "belfry-key", TIMEOUT_MS = 10000;
const listeners = [];

export const key = {
  get: () => sessionStorage.getItem(PLACE),
  set(value) {
    if (value) sessionStorage.setItem(PLACE, value);
    else sessionStorage.removeItem(PLACE);
  },
  // Calls back with a sentence whenever the server refuses to answer without a (good) key.
  onNeeded: (listener) => listeners.push(listener),
  needed() {
    const refused = key.get() !== null;
    key.set(null);
    for (const listener of listeners) listener(refused ? "The server does not know this key." : "");
  },
};

export async function ask(path, options = {}) {
  const used = key.get();
  const headers = { accept: "application/json", ...(used && { authorization: `Bearer ${used}` }), ...options.headers };
  const response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS), ...options, headers });
  if (response.ok) return response.status === 204 ? null : response.json();
  if (response.status === 401 && used === key.get()) key.needed();
  let why = `status ${response.status}`;
  try {
    const problem = await response.json();
    why = problem.detail || problem.title || why;
  } catch { /* an error page without a body: the status has to do */ }
  throw new Error(why);
}
