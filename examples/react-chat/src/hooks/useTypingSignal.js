import { useCallback, useEffect, useRef } from "react";

import { chatAPI } from "../api/chatAPI.js";

const REPEAT_MS = 3_000; // the other side forgets after 5 seconds
const STOP_MS = 3_000; // after the last key

/** Returns {typed, stopped}: call them when a key was pressed, and when the text was sent or left. */
export function useTypingSignal(receiverId) {
  const told = useRef(0);
  const timer = useRef();

  const stopped = useCallback(() => {
    clearTimeout(timer.current);
    if (!told.current) return;
    told.current = 0;
    chatAPI.sendTyping(receiverId, false).catch(() => {}); // it is forgotten by itself
  }, [receiverId]);

  const typed = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(stopped, STOP_MS);
    if (Date.now() - told.current < REPEAT_MS) return;
    told.current = Date.now();
    chatAPI.sendTyping(receiverId, true).catch(() => {});
  }, [receiverId, stopped]);

  useEffect(() => stopped, [stopped]);
  return { typed, stopped };
}
