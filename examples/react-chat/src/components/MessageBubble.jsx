import { timeText } from "../state/times.js";
import ClipIcon from "./ClipIcon.jsx";

export default function MessageBubble({ message, isOwn, senderName, onRetry, onDiscard }) {
  const isFailed = message.state === "failed";
  return (
    <article className={isFailed ? "bubble failed" : "bubble"}>
      <span className="visually-hidden">{senderName}: </span>
      {message.attachment && <Attachment url={message.attachment} type={message.attachment_type} />}
      {!message.id && message.file && (
        <p className="file">
          <ClipIcon /> {message.file.name}
        </p>
      )}
      {message.message && <p className="text">{message.message}</p>}
      <footer>
        <time dateTime={message.timestamp}>{timeText(message.timestamp)}</time>
        {isOwn && !isFailed && <Mark message={message} />}
      </footer>
      {isFailed && (
        <p className="fault" role="alert">
          Not sent: {message.reason}{" "}
          <button type="button" onClick={onRetry}>
            Try again
          </button>
          <button type="button" className="quiet" onClick={onDiscard}>
            Discard
          </button>
        </p>
      )}
    </article>
  );
}

/** How far an own message has come. */
function Mark({ message }) {
  const [sign, words, name] = message.is_read
    ? ["✓✓", "read", "read"]
    : message.delivered_at
      ? ["✓✓", "delivered", ""]
      : message.id
        ? ["✓", "sent", ""]
        : ["…", "being sent", ""];
  return (
    <span className={`mark ${name}`} title={words}>
      <span aria-hidden="true">{sign}</span>
      <span className="visually-hidden">{words}</span>
    </span>
  );
}

function Attachment({ url, type }) {
  if (type === "image") {
    return (
      <a className="picture" href={url} target="_blank" rel="noreferrer">
        <img src={url} alt="Attachment" loading="lazy" />
      </a>
    );
  }
  return (
    <a className="file" href={url} target="_blank" rel="noreferrer">
      <ClipIcon /> {type === "video" ? "Video" : "Document"}
    </a>
  );
}
