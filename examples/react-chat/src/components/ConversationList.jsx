import { listTime } from "../state/times.js";
import Avatar from "./Avatar.jsx";

export default function ConversationList({ conversations, isLoaded, online, typing, activeId, onChoose }) {
  if (isLoaded && conversations.length === 0) return <p className="hint">Nobody has written to you yet.</p>;
  return (
    <nav aria-label="Conversations">
      <ul className="conversations">
        {conversations.map((one) => (
          <li key={one.conversation_id}>
            <button
              type="button"
              className="conversation"
              aria-current={one.other_user.id === activeId ? "true" : undefined}
              onClick={() => onChoose(one.other_user)}
            >
              <Avatar person={one.other_user} isOnline={online.has(one.other_user.id)} />
              <span className="who">{one.other_user.full_name}</span>
              <time dateTime={one.last_message_at}>{listTime(one.last_message_at)}</time>
              <span className="preview">{typing[one.other_user.id] ? <em>typing…</em> : preview(one)}</span>
              {one.unread_count > 0 && (
                <span className="badge">
                  {one.unread_count}
                  <span className="visually-hidden"> unread</span>
                </span>
              )}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function preview({ last_message: text, last_message_by_me: isOwn }) {
  return `${isOwn ? "You: " : ""}${text ?? ""}`;
}
