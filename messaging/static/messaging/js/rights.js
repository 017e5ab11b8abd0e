// What one may do with a message. The server decides; this only says what is offered.

/** What the field cannot show as it was written. */
const isUneditable = ({ kind, plain }) => kind === "html" || (kind === "encrypted" && plain === undefined);

/**
 * @param {object | null} message as it is shown: an encrypted one with its text (`plain`)
 * @param {{may_write?: boolean, may_moderate?: boolean}} conversation
 * @param {number | string} me the person's id
 * @returns {{mayReact: boolean, mayReply: boolean, mayEdit: boolean, mayDelete: boolean} | null} null for nothing at all
 */
export function rightsOf(message, { may_write: mayWrite, may_moderate: mayModerate }, me) {
  if (!message || message.deleted_at || message.kind === "system") return null;
  const isOwn = String(message.sender_id) === String(me);
  const writes = mayWrite !== false;
  return {
    mayReact: writes,
    mayReply: writes,
    mayEdit: isOwn && writes && !isUneditable(message),
    mayDelete: isOwn || Boolean(mayModerate),
  };
}
