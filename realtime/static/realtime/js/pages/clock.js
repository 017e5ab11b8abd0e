// Times as the office's pages write them: in the office's time zone, whatever zone the browser is in.

/**
 * @param {number} moment milliseconds since 1970
 * @param {{now?: number, zone?: string, seconds?: boolean}} [options]
 * @returns {string} "3:04 PM"; of another day "Nov 20, 3:04 PM"
 */
export function officeTime(moment, { now = Date.now(), zone = document.documentElement.dataset.timeZone, seconds = false } = {}) {
  const write = (options, at) => new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options }).format(at);
  const day = (at) => write({ dateStyle: "short" }, at);
  const time = write({ hour: "numeric", minute: "2-digit", ...(seconds && { second: "2-digit" }) }, moment);
  const date = day(moment) === day(now) ? "" : `${write({ month: "short", day: "numeric" }, moment)}, `;
  return `${date}${time}`.replace(/\s/g, " "); // browsers put a narrow space before PM
}
