/** Who is signed in, in this tab: {token, user}. It ends with the tab. */

const KEY = "react-chat.session";
let current = load();
const listeners = new Set();

function load() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? null;
  } catch {
    return null;
  }
}

export const readSession = () => current;

export function writeSession(session) {
  current = session;
  if (session) sessionStorage.setItem(KEY, JSON.stringify(session));
  else sessionStorage.removeItem(KEY);
  for (const listener of listeners) listener();
}

/** For useSyncExternalStore. */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
