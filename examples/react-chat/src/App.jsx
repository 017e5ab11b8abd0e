import { useSyncExternalStore } from "react";

import { readSession, subscribe } from "./api/session.js";
import Chat from "./components/Chat.jsx";
import SignIn from "./components/SignIn.jsx";

export default function App() {
  const session = useSyncExternalStore(subscribe, readSession);
  return session ? <Chat key={session.user.id} user={session.user} /> : <SignIn />;
}
