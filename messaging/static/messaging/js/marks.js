// What became of one's own message: on its way, sent, delivered, read.

/** The signs are in templates/messaging/icons.html, and what they mean in docs/messaging.md. */
export const MARKS = {
  waiting: { sign: "clock", label: "Waiting for the connection" },
  sending: { sign: "clock", label: "Sending" },
  failed: { sign: "alert", label: "Not sent" },
  sent: { sign: "check", label: "Sent" },
  delivered: { sign: "checks", label: "Delivered" },
  read: { sign: "checks", label: "Read" },
};

/**
 * @param {object} message of this person
 * @param {{kind?: string, readers?: {id: number, name: string, read_seq: number, read_id?: number}[]}} [conversation]
 *   `readers`: the other participants of a larger conversation that is not too large to tell of each; how far they have
 *   read, as the number of a message, and as its id where an event has told it
 * @returns {{state: string, sign: string, label: string}}
 */
export function markOf(message, conversation = {}) {
  if (message.read_at) return mark("read");
  if (conversation.kind !== "direct" && conversation.readers?.length) {
    const read = conversation.readers.filter(
      ({ read_seq: seq, read_id: id }) => seq >= message.seq || (id ?? 0) >= message.id);
    const isByAll = read.length === conversation.readers.length;
    if (read.length) return { ...mark(isByAll ? "read" : "delivered"), label: `Read by ${isByAll ? "all" : names(read)}` };
  }
  return mark(message.delivered_at ? "delivered" : "sent");
}

/** The mark of a message that has not left yet. */
export function mark(state) {
  return { state, ...MARKS[state] };
}

/** "Ana", "Ana and Jose", "Ana, Jose and 3 others" */
export function names(people) {
  const [first, second, ...others] = people.map(({ name }) => name);
  if (!second) return first ?? "";
  if (!others.length) return `${first} and ${second}`;
  return `${first}, ${second} and ${others.length} ${others.length === 1 ? "other" : "others"}`;
}
