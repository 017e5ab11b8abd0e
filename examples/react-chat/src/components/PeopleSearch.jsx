import { useEffect, useId, useState } from "react";

import { authAPI } from "../api/authAPI.js";
import Avatar from "./Avatar.jsx";

const WAIT_MS = 250; // after the last key

export default function PeopleSearch({ me, onChoose }) {
  const [words, setWords] = useState("");
  const [found, setFound] = useState(null);
  const id = useId();

  useEffect(() => {
    if (!words.trim()) {
      setFound(null);
      return undefined;
    }
    const search = new AbortController();
    const timer = setTimeout(() => {
      authAPI.searchPeople(words.trim(), search.signal).then(
        (people) => setFound(people.filter((one) => one.id !== me)),
        () => !search.signal.aborted && setFound([]),
      );
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      search.abort();
    };
  }, [words, me]);

  const choose = (person) => {
    setWords("");
    onChoose(person);
  };

  return (
    <search className="people">
      <label className="visually-hidden" htmlFor={id}>
        Find somebody
      </label>
      <input
        id={id}
        type="search"
        value={words}
        placeholder="Find somebody"
        autoComplete="off"
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && setWords("")}
      />
      <div role="status" className="visually-hidden">
        {found && `${found.length} found`}
      </div>
      {found && (
        <ul className="found">
          {found.map((person) => (
            <li key={person.id}>
              <button type="button" onClick={() => choose(person)}>
                <Avatar person={person} />
                <span>{person.full_name}</span>
              </button>
            </li>
          ))}
          {found.length === 0 && <li className="hint">Nobody was found.</li>}
        </ul>
      )}
    </search>
  );
}
