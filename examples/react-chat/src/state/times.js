/** Times as people read them, in the language and zone of the browser. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export const dayOf = (timestamp) => new Date(timestamp).toDateString();
export const timeText = (timestamp) => TIME.format(new Date(timestamp));

export function dayText(timestamp, now = new Date()) {
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (dayOf(timestamp) === now.toDateString()) return "Today";
  if (dayOf(timestamp) === yesterday.toDateString()) return "Yesterday";
  return DAY.format(new Date(timestamp));
}

export function listTime(timestamp, now = new Date()) {
  if (!timestamp) return "";
  return dayOf(timestamp) === now.toDateString() ? timeText(timestamp) : SHORT_DAY.format(new Date(timestamp));
}
