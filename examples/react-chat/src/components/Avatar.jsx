/** A person's picture, or the first letters of their name. The dot says whether they are online. */
export default function Avatar({ person, isOnline }) {
  const name = person.full_name || person.username || "?";
  const initials = name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0])
    .join("")
    .toUpperCase();
  return (
    <span className="avatar" style={{ "--hue": hueOf(String(person.id)) }}>
      {person.avatar ? <img src={person.avatar} alt="" /> : <span aria-hidden="true">{initials}</span>}
      {isOnline !== undefined && (
        <span className={isOnline ? "dot online" : "dot"}>
          <span className="visually-hidden">{isOnline ? "online" : "offline"}</span>
        </span>
      )}
    </span>
  );
}

function hueOf(text) {
  let hash = 0;
  for (const sign of text) hash = (hash * 31 + sign.codePointAt(0)) % 360;
  return hash;
}
