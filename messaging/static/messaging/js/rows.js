// In what order a conversation is shown: days, the line above what is new, messages, and those on their way.

const TOGETHER = 5 * 60_000; // milliseconds within which messages of one person stand together

/**
 * @param {object[]} messages oldest first
 * @param {{items?: object[], unreadAfter?: number | null, me: number | string, dayKey: (moment: string | number) => string}}
 *   options `items` are on their way; `unreadAfter` is the number (`seq`) of the last message that was read when
 *   the conversation was opened, or null
 * @returns {({kind: "day", key: string, at: string} | {kind: "unread", key: string}
 *   | {kind: "message", key: string, message: object, isFirst: boolean, isLast: boolean}
 *   | {kind: "item", key: string, item: object, isFirst: boolean})[]}
 */
export function rowsOf(messages, { items = [], unreadAfter = null, me, dayKey }) {
  const rows = [];
  let day = null;
  let before = null;
  let isDivided = unreadAfter === null;
  const own = String(me);
  const beginDay = (at) => {
    const key = dayKey(at);
    if (key === day) return;
    day = key;
    before = null;
    rows.push({ kind: "day", key: `day-${key}`, at });
  };
  for (const message of messages) {
    beginDay(message.sent_at);
    if (!isDivided && message.seq > unreadAfter && String(message.sender_id) !== own) {
      isDivided = true;
      before = null;
      rows.push({ kind: "unread", key: "unread" });
    }
    const isFirst = !belongTogether(before, message);
    // A message keeps its place in the page when it has been sent: the same key as while it was on its way.
    const key = message.client_id && String(message.sender_id) === own ? `own-${message.client_id}` : `message-${message.id}`;
    if (!isFirst) rows.at(-1).isLast = false;
    rows.push({ kind: "message", key, message, isFirst, isLast: true });
    before = message;
  }
  for (const item of items) {
    beginDay(item.at);
    const message = { sender_id: me, sent_at: new Date(item.at).toISOString(), kind: "text" };
    const isFirst = !belongTogether(before, message);
    if (!isFirst) rows.at(-1).isLast = false;
    rows.push({ kind: "item", key: `own-${item.clientId}`, item, isFirst, isLast: true });
    before = message;
  }
  return rows;
}

function belongTogether(before, message) {
  return (
    before !== null && before.kind !== "system" && message.kind !== "system" && !message.parent_id &&
    String(before.sender_id) === String(message.sender_id) &&
    Date.parse(message.sent_at) - Date.parse(before.sent_at) < TOGETHER
  );
}
