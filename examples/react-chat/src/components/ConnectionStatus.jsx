const WORDS = {
  connecting: "Connecting…",
  waiting: "No connection. Trying again…",
  refused: "Signed out.",
};

/** Says so when messages cannot arrive; nothing while all is well. */
export default function ConnectionStatus({ status }) {
  return (
    <p className="connection" role="status" data-status={status}>
      {WORDS[status] ?? ""}
    </p>
  );
}
