// What a frame is, and whom it concerns: the same for every transport (docs/events.md has them all).

export const TOPICS = { notifications: "notifications", dashboard: "dashboard", projects: "projects" };

/** The server sent what is no frame: the connection is of no use. */
export class MalformedError extends Error {}

/**
 * @param {string} text JSON: a frame, or an array of frames
 * @returns {object[]} the frames, each with a `type`, and with an `id` that is a whole number if it has one
 * @throws {MalformedError} when it is anything else
 */
export function readFrames(text) {
  let read;
  try {
    read = JSON.parse(text);
  } catch {
    throw new MalformedError("Not JSON.");
  }
  return checkFrames(Array.isArray(read) ? read : [read]);
}

/** The same for what has been read already. */
export function checkFrames(frames) {
  if (!Array.isArray(frames) || !frames.every(isFrame)) throw new MalformedError("Not a frame.");
  return frames;
}

function isFrame(frame) {
  if (typeof frame !== "object" || frame === null || typeof frame.type !== "string") return false;
  if (frame.type === "cursor") return isCursor(frame.cursor);
  return frame.id === undefined || isCursor(frame.id);
}

/** Whether this is a place in the log. */
export function isCursor(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

/** The cursor that a text says; null when it says none. */
export function cursorOf(text) {
  return /^\d{1,16}$/.test(text ?? "") && isCursor(Number(text)) ? Number(text) : null;
}

/** The topic that a frame belongs to. */
export function topicOf(frame) {
  if (frame.type.startsWith("notification")) return TOPICS.notifications;
  if (frame.type === "dashboard_update") return TOPICS.dashboard;
  return TOPICS.projects;
}

/** The ids of the projects that a frame is about; null when it may be about any. */
export function concerned(frame) {
  if (Array.isArray(frame.projects)) return frame.projects.map((project) => project?.id);
  return frame.project_id === undefined ? null : [frame.project_id];
}
