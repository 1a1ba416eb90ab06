// Events over one socket that makes itself again and goes on after the last event (`after`), in the same journal (`epoch`).
import { key } from "./requests.js";

const BACKLOG = 40, SILENCE_MS = 35000, PING_MS = 15000, BEAT_MS = 5000, LONGEST_WAIT_MS = 30000;
const KEY_NEEDED = 101, PLACE_LOST = 112;

// tell: { event(message), live({ again, restarted }), lost(sentence), refused(sentence) }
export function openStream(tell) {
  let last = null, epoch = null, attempts = 0, everLive = false, restarted = false, heardAt = 0, socket = null, retry = 0;

  function connect() {
    clearTimeout(retry);
    const current = socket = new WebSocket(new URL("ws/events", location.href.replace(/^http/, "ws")));
    heardAt = performance.now();
    const beat = setInterval(() => {
      const silent = performance.now() - heardAt;
      if (silent > SILENCE_MS) current.close();
      else if (silent > PING_MS && current.readyState === WebSocket.OPEN) current.send('{"type":"ping"}');
    }, BEAT_MS);
    current.onopen = () => {
      if (key.get() !== null) say({ type: "auth", token: key.get() });
      begin();
    };
    current.onmessage = (received) => {
      heardAt = performance.now();
      if (current === socket) hear(JSON.parse(received.data));
    };
    current.onclose = (closed) => {
      clearInterval(beat);
      if (current === socket) again(closed);
    };
  }

  const say = (message) => socket.send(JSON.stringify(message));
  const subscribe = () => say({ type: "subscribe", id: 1, events: [], after: last, epoch });
  // A new page starts with the latest events, so that it is not empty on a quiet chain; a lost connection goes on where it stopped.
  const begin = () => last === null ? say({ type: "get_status" }) : subscribe();

  function hear(message) {
    if (message.type === "status" && last === null) {
      epoch = message.data.epoch;
      last = Math.max(0, message.data.seq - BACKLOG);
      subscribe();
    } else if (message.type === "subscription_confirmed") {
      attempts = 0;
      epoch = message.epoch;
      tell.live({ again: everLive, restarted });
      everLive = true;
      restarted = false;
    } else if (message.type === "event" && message.seq > last) {
      last = message.seq;
      tell.event(message);
    } else if (message.type === "error") {
      fail(message);
    }
  }

  function fail(error) {
    if (error.code === PLACE_LOST) {
      // the server's store was replaced: the numbers of the new journal mean other events
      last = epoch = null;
      restarted = true;
      begin();
    } else if (error.code === KEY_NEEDED) {
      const closing = socket;
      socket = null;
      closing.close();
      key.needed();
    } else if (!error.temporary) {
      tell.refused(error.message ?? String(error.error));
    }
  }

  function again(closed) {
    // 3500–3999 and 4500–4999 say "do not come back"
    if ((closed.code >= 3500 && closed.code < 4000) || (closed.code >= 4500 && closed.code < 5000)) {
      tell.refused(`The server ended the connection: ${closed.reason || closed.code}.`);
      return;
    }
    const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** Math.min(attempts++, 6)) * (1 - Math.random() / 2);
    tell.lost(`Connection lost. Trying again in ${Math.ceil(wait / 1000)} s; nothing is missed, the stream goes on where it stopped.`);
    retry = setTimeout(connect, wait);
  }

  connect();
  return { reconnect: connect };
}
