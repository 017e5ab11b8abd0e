// Parses and validates frames, which are the same for every transport. docs/events.md describes all of them.

export const TOPICS = {
  notifications: "notifications",
  dashboard: "dashboard",
  projects: "projects",
  messages: "messages",
};
const OF_MESSAGES = /^(messages?_|reaction_changed$|conversation_changed$|participants_changed$|typing$|presence$|attachment_)/;

/** The server sent something that is not a frame, so the connection is unusable. */
export class MalformedError extends Error {}

/**
 * @param {string} text JSON: a frame, or an array of frames
 * @returns {object[]} the frames, each with a `type`, and with an `id` that is a whole number if it has one
 * @throws {MalformedError} when it is anything else
 */
export function parseFrames(text) {
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new MalformedError("Not JSON.");
  }
  return validateFrames(Array.isArray(parsed) ? parsed : [parsed]);
}

/** The same check for frames that have been parsed already. */
export function validateFrames(frames) {
  if (!Array.isArray(frames) || !frames.every(isFrame)) throw new MalformedError("Not a frame.");
  return frames;
}

function isFrame(frame) {
  if (typeof frame !== "object" || frame === null || typeof frame.type !== "string") return false;
  if (frame.type === "cursor") return isCursor(frame.cursor);
  return frame.id === undefined || isCursor(frame.id);
}

/** Whether this is a position in the event log. The server gives out none that JavaScript cannot tell apart (2^53). */
export function isCursor(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

/** The cursor in this text; null if there is none. */
export function parseCursor(text) {
  return /^\d{1,16}$/.test(text ?? "") && isCursor(Number(text)) ? Number(text) : null;
}

/** The topic that a frame belongs to. */
export function topicOf(frame) {
  if (frame.type.startsWith("notification")) return TOPICS.notifications;
  if (frame.type === "dashboard_update") return TOPICS.dashboard;
  if (OF_MESSAGES.test(frame.type)) return TOPICS.messages;
  return TOPICS.projects;
}

/** The ids of the projects that a frame is about; null if it may be about any project. */
export function projectIdsOf(frame) {
  if (Array.isArray(frame.projects)) return frame.projects.map((project) => project?.id);
  return frame.project_id === undefined ? null : [frame.project_id];
}
