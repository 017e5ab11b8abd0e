// Each notification is shown once as a toast.

import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../static/js/toasts/history.js";
import { News } from "../../static/js/toasts/news.js";

const event = (id, at = "2026-11-20T16:38:59+08:00") => ({ id, at, message: `News ${id}` });

function storage() {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), items };
}

/** A page in a browser with this storage. */
function page(store, { hidden = false, user = "7", onPage = [] } = {}) {
  const made = { shown: [], hidden };
  const show = ({ id, message }) => made.shown.push(id ?? message);
  made.toasts = new News({ show, history: new History(user, () => store), isHidden: () => made.hidden, onPage });
  return made;
}

test("an event that is replayed is not shown again on the next page", () => {
  const store = storage();
  const first = page(store);
  first.toasts.add(event(5));
  first.toasts.add(event(6));
  assert.deepEqual(first.shown, [5, 6]);
  const next = page(store);
  for (const id of [4, 5, 6, 7]) next.toasts.add(event(id));
  assert.deepEqual(next.shown, [7]);
});

test("two windows that are both visible both show it", () => {
  const store = storage();
  const windows = [page(store), page(store)];
  for (const one of windows) one.toasts.add(event(5));
  assert.deepEqual(windows.map(({ shown }) => shown), [[5], [5]]);
});

test("what arrived while the page was hidden is shown when it is visible, unless another tab has shown it", () => {
  const store = storage();
  const [seen, hidden] = [page(store), page(store, { hidden: true })];
  for (const one of [seen, hidden]) one.toasts.add(event(5));
  seen.hidden = true;
  for (const one of [seen, hidden]) one.toasts.add(event(6));
  assert.deepEqual(hidden.shown, []);
  hidden.hidden = false;
  hidden.toasts.flush();
  assert.deepEqual(hidden.shown, [6]);
  seen.hidden = false;
  seen.toasts.flush();
  assert.deepEqual(seen.shown, [5]);
});

test("of very many notifications on a hidden page only the newest are kept", () => {
  const one = page(storage(), { hidden: true });
  for (let id = 1; id <= 500; id += 1) one.toasts.add(event(id));
  one.hidden = false;
  one.toasts.flush();
  assert.deepEqual([one.shown.length, one.shown.at(-1)], [50, 500]);
});

test("an ephemeral message, without an id, is always shown", () => {
  const one = page(storage());
  one.toasts.add({ message: "Maintenance at noon" });
  one.toasts.add({ message: "Maintenance at noon" });
  assert.equal(one.shown.length, 2);
});

test("each user has a history of their own", () => {
  const store = storage();
  page(store).toasts.add(event(5));
  const other = page(store, { user: "8" });
  other.toasts.add(event(5));
  assert.deepEqual(other.shown, [5]);
});

test("after an older database was restored, new events are shown although their ids start again", () => {
  const store = storage();
  page(store).toasts.add(event(5_000));
  const later = page(store);
  later.toasts.add(event(40, "2026-11-21T09:00:00+08:00"));
  later.toasts.add(event(41, "2026-11-21T09:00:01+08:00"));
  assert.deepEqual(later.shown, [40, 41]);
  const next = page(store);
  next.toasts.add(event(41, "2026-11-21T09:00:01+08:00"));
  assert.deepEqual(next.shown, []);
});

test("a storage that throws, is full or has invalid content only affects the history", () => {
  const refusing = {
    getItem: () => {
      throw new DOMException("No.", "SecurityError");
    },
    setItem: () => {
      throw new DOMException("Full.", "QuotaExceededError");
    },
  };
  for (const bad of [refusing, { getItem: () => "{", setItem: () => {} }, { getItem: () => '{"id":"x"}', setItem: () => {} }]) {
    const one = page(bad);
    one.toasts.add(event(5));
    one.toasts.flush();
    assert.deepEqual(one.shown, [5]);
  }
});

test("a notification that the page was rendered with is no news when its event follows", () => {
  for (const hidden of [false, true]) {
    const one = page(storage(), { hidden, onPage: [41, 42] });
    for (const id of [41, 42, 43]) one.toasts.add({ ...event(id + 100), notification_id: id });
    one.toasts.add({ message: "without an id" });
    one.hidden = false;
    one.toasts.flush();
    assert.deepEqual(one.shown, [143, "without an id"]);
  }
});
