// Days and times as the office writes them: in its time zone, whatever zone the browser is in.

/** @param {string} zone the name of a time zone, such as "Asia/Manila" */
export function officeDates(zone) {
  const format = (options) => new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options });
  const formats = {
    key: new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }),
    time: format({ hour: "numeric", minute: "2-digit" }),
    weekday: format({ weekday: "long" }),
    day: format({ weekday: "long", month: "long", day: "numeric" }),
    date: format({ month: "long", day: "numeric", year: "numeric" }),
    short: format({ month: "short", day: "numeric" }),
    numeric: format({ month: "short", day: "numeric", year: "numeric" }),
  };
  const write = (name, moment) => formats[name].format(new Date(moment)).replace(/\s/g, " "); // no narrow space before PM
  /** "2026-11-30": the day at the office. */
  const dayKey = (moment) => write("key", moment);
  const daysAgo = (moment, now) => Math.round((Date.parse(dayKey(now)) - Date.parse(dayKey(moment))) / 86_400_000);

  return {
    dayKey,
    /** "3:04 PM" */
    time: (moment) => write("time", moment),
    /** The heading of a day: "Today", "Yesterday", "Monday, November 30", "November 30, 2025". */
    dayHeading(moment, now) {
      const ago = daysAgo(moment, now);
      if (ago === 0) return "Today";
      if (ago === 1) return "Yesterday";
      return ago > 1 && ago < 180 ? write("day", moment) : write("date", moment);
    },
    /** In a list, as short as possible: "3:04 PM", "Yesterday", "Monday", "Nov 30", "Nov 30, 2025". */
    brief(moment, now) {
      const ago = daysAgo(moment, now);
      if (ago === 0) return write("time", moment);
      if (ago === 1) return "Yesterday";
      if (ago > 1 && ago < 7) return write("weekday", moment);
      return ago > 0 && ago < 300 ? write("short", moment) : write("numeric", moment);
    },
    /** In full, for a tooltip: "Nov 30, 2026, 3:04 PM". */
    full: (moment) => `${write("numeric", moment)}, ${write("time", moment)}`,
    /** "Online", "Last seen at 3:04 PM", "Last seen yesterday"; empty where nobody knows. */
    lastSeen({ is_online: isOnline, last_seen: seen } = {}, now) {
      if (isOnline) return "Online";
      if (!seen) return "";
      const ago = daysAgo(seen, now);
      if (ago === 0) return `Last seen at ${write("time", seen)}`;
      return ago === 1 ? "Last seen yesterday" : `Last seen ${write("short", seen)}`;
    },
  };
}
