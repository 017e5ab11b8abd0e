import { useCallback, useEffect, useState } from "react";

import { authAPI } from "../api/authAPI.js";
import { writeSession } from "../api/session.js";
import { useChat } from "../hooks/useChat.js";
import { threadOf } from "../state/chatReducer.js";
import ChatWindow from "./ChatWindow.jsx";
import ConnectionStatus from "./ConnectionStatus.jsx";
import ConversationList from "./ConversationList.jsx";
import Notice from "./Notice.jsx";
import PeopleSearch from "./PeopleSearch.jsx";

/** The whole page for a signed-in person: the list on the left, the open conversation on the right. */
export default function Chat({ user }) {
  const [active, setActive] = useState(null); // the other person
  const chat = useChat(user.id, active?.id);
  const { state, status, openThread } = chat;

  const open = useCallback(
    (person) => {
      setActive(person);
      openThread(person.id);
    },
    [openThread],
  );

  useEffect(() => {
    if (status === "refused") writeSession(null); // the token is not valid any more
  }, [status]);

  const unread = state.conversations.reduce((sum, one) => sum + one.unread_count, 0);
  useEffect(() => {
    document.title = unread ? `(${unread}) Chat` : "Chat";
  }, [unread]);

  return (
    <main className={active ? "chat has-open" : "chat"}>
      <h1 className="visually-hidden">Chat</h1>
      <section className="sidebar" aria-label="People and conversations">
        <header>
          <p className="brand">
            Chat
            {unread > 0 && (
              <span className="badge">
                {unread}
                <span className="visually-hidden"> unread</span>
              </span>
            )}
          </p>
          <button type="button" className="quiet" onClick={() => authAPI.signOut().catch(() => {})}>
            Sign out
          </button>
        </header>
        <ConnectionStatus status={status} />
        <PeopleSearch me={user.id} onChoose={open} />
        <ConversationList
          conversations={state.conversations}
          isLoaded={state.loaded}
          online={state.online}
          typing={state.typing}
          activeId={active?.id}
          onChoose={open}
        />
      </section>
      {active ? (
        <ChatWindow
          key={active.id}
          me={user.id}
          person={active}
          thread={threadOf(state, active.id)}
          isOnline={state.online.has(active.id)}
          isTyping={state.typing[active.id] !== undefined}
          chat={chat}
          onClose={() => setActive(null)}
        />
      ) : (
        <section className="window nothing" aria-label="No conversation is open">
          <p>Choose a conversation, or look for somebody to write to.</p>
        </section>
      )}
      <Notice notice={state.notice} onDismiss={chat.dismissNotice} />
    </main>
  );
}
