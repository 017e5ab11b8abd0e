import { useLayoutEffect, useRef } from "react";

import { dayOf, dayText } from "../state/times.js";
import MessageBubble from "./MessageBubble.jsx";

const NEAR_END = 80; // pixels

/** The messages, which stay at their end while one is there, and where they are while one reads further up. */
export default function MessageList({ me, person, thread, onEarlier, onRetry, onDiscard }) {
  const box = useRef();
  const before = useRef({ height: 0, atEnd: true, first: undefined });
  const { messages, hasMore, loaded } = thread;
  const first = messages[0]?.id;
  const last = messages.at(-1);

  useLayoutEffect(() => {
    if (messages.length === 0) return;
    const { height, atEnd, first: firstBefore } = before.current;
    const element = box.current;
    const isOwn = last && !last.id;
    if (firstBefore !== undefined && first < firstBefore && !atEnd) element.scrollTop += element.scrollHeight - height;
    else if (atEnd || isOwn) element.scrollTop = element.scrollHeight;
    before.current = { ...before.current, height: element.scrollHeight, first };
  }, [messages, first, last]);

  const scrolled = () => {
    const { scrollHeight, scrollTop, clientHeight } = box.current;
    before.current = {
      ...before.current,
      height: scrollHeight,
      atEnd: scrollHeight - scrollTop - clientHeight < NEAR_END,
    };
  };

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable for the keys that scroll it
    <section className="messages" ref={box} onScroll={scrolled} tabIndex={0} aria-label="Messages">
      {hasMore && (
        <button type="button" className="quiet earlier" onClick={onEarlier}>
          Earlier messages
        </button>
      )}
      {loaded && messages.length === 0 && <p className="hint">Say hello to {person.full_name}.</p>}
      <div role="log" aria-label={`Conversation with ${person.full_name}`}>
        <ol>
          {messages.map((message, index) => {
            const isNewDay = index === 0 || dayOf(messages[index - 1].timestamp) !== dayOf(message.timestamp);
            return (
              <li key={message.clientId ?? message.id} className={message.sender === me ? "own" : undefined}>
                {isNewDay && <h3 className="day">{dayText(message.timestamp)}</h3>}
                <MessageBubble
                  message={message}
                  isOwn={message.sender === me}
                  senderName={message.sender === me ? "You" : person.full_name}
                  onRetry={() => onRetry(message)}
                  onDiscard={() => onDiscard(message)}
                />
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}
