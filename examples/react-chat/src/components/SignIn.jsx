import { useState } from "react";

import { authAPI } from "../api/authAPI.js";

export default function SignIn() {
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);

  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFault("");
    try {
      await authAPI.signIn(form.get("username"), form.get("password"));
    } catch (error) {
      setFault(error.message);
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <form onSubmit={submit} aria-labelledby="sign-in-title">
        <h1 id="sign-in-title">Sign in to chat</h1>
        <label>
          User name
          <input name="username" autoComplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <p className="fault" role="alert">
          {fault}
        </p>
        <button type="submit" disabled={isBusy}>
          {isBusy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
