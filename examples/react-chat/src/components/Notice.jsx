export default function Notice({ notice, onDismiss }) {
  return (
    <div className="notices" role="status">
      {notice && (
        <div className="notice">
          <div>
            <strong>{notice.title}</strong>
            <p>{notice.text}</p>
          </div>
          <button type="button" className="quiet" onClick={onDismiss} aria-label="Dismiss">
            ×
          </button>
        </div>
      )}
    </div>
  );
}
