import { useEffect, useRef } from "react";

import Avatar from "./Avatar.jsx";
import Composer from "./Composer.jsx";
import MessageList from "./MessageList.jsx";

export default function ChatWindow({ me, person, thread, isOnline, isTyping, chat, onClose }) {
  const heading = useRef();
  useEffect(() => heading.current.focus(), []);

  return (
    <section className="window" aria-label={`${person.full_name}, conversation`}>
      <header>
        <button type="button" className="quiet back" onClick={onClose} aria-label="Back to the conversations">
          ←
        </button>
        <Avatar person={person} />
        <div>
          <h2 ref={heading} tabIndex={-1}>
            {person.full_name}
          </h2>
          <p className="presence" role="status">
            {isTyping ? "typing…" : isOnline ? "online" : "offline"}
          </p>
        </div>
      </header>
      <MessageList
        me={me}
        person={person}
        thread={thread}
        onEarlier={() => chat.loadEarlier(person.id)}
        onRetry={(message) => chat.retry(person.id, message)}
        onDiscard={(message) => chat.discard(person.id, message.clientId)}
      />
      <Composer personId={person.id} onSend={(text, file) => chat.send(person.id, text, file)} />
    </section>
  );
}
