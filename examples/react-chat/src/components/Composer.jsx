import { useId, useRef, useState } from "react";

import { useTypingSignal } from "../hooks/useTypingSignal.js";
import ClipIcon from "./ClipIcon.jsx";

const LONGEST_TEXT = 10_000;
const LARGEST_FILE = 10 * 2 ** 20;

export default function Composer({ personId, onSend }) {
  const [text, setText] = useState("");
  const [file, setFile] = useState(null);
  const [fault, setFault] = useState("");
  const { typed, stopped } = useTypingSignal(personId);
  const picker = useRef();
  const field = useRef();
  const id = useId();

  const choose = (event) => {
    const chosen = event.target.files[0] ?? null;
    event.target.value = ""; // the same file can be chosen again
    const isTooLarge = chosen && chosen.size > LARGEST_FILE;
    setFault(isTooLarge ? "A file may have 10 MB." : "");
    setFile(isTooLarge ? null : chosen);
    field.current.focus();
  };

  const send = (event) => {
    event?.preventDefault();
    const trimmed = text.trim();
    if (!trimmed && !file) return;
    stopped();
    onSend(trimmed, file ?? undefined);
    setText("");
    setFile(null);
    field.current.focus();
  };

  const pressed = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) send(event);
  };

  return (
    <form className="composer" onSubmit={send}>
      {(file || fault) && (
        <p className={fault ? "chosen fault" : "chosen"} role="status">
          {fault || (
            <>
              <ClipIcon /> {file.name}
            </>
          )}
          {file && (
            <button type="button" className="quiet" onClick={() => setFile(null)} aria-label="Remove the file">
              ×
            </button>
          )}
        </p>
      )}
      <input ref={picker} type="file" hidden onChange={choose} data-testid="file" />
      <button type="button" className="quiet" onClick={() => picker.current.click()} aria-label="Attach a file">
        <ClipIcon />
      </button>
      <label className="visually-hidden" htmlFor={id}>
        Message
      </label>
      <textarea
        id={id}
        ref={field}
        value={text}
        rows={1}
        maxLength={LONGEST_TEXT}
        placeholder="Write a message"
        onChange={(event) => {
          setText(event.target.value);
          typed();
        }}
        onKeyDown={pressed}
        onBlur={stopped}
      />
      <button type="submit" disabled={!text.trim() && !file}>
        Send
      </button>
    </form>
  );
}
