// Asks for the token that the server wants when it does not listen on this machine only.
import { useState } from "preact/hooks";

import { ApiError, showToken } from "../api/client";
import { Dialog } from "../components/drawer";

/** A dialog that stays until the token is right; then the page is loaded anew, with the server's cookie. */
export function TokenDialog() {
  const [token, setToken] = useState("");
  const [wrong, setWrong] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await showToken(token.trim());
      window.location.reload();
    } catch (failure) {
      setWrong(failure instanceof ApiError ? failure.message : "That did not work.");
    }
  };
  return (
    <Dialog title="This console wants a token">
      <form class="stack" onSubmit={submit}>
        <p class="muted">It is what `tocsin console` was started with, by --token or its settings.</p>
        <label class="field">
          <span>Token</span>
          <input
            class="input"
            type="password"
            autocomplete="current-password"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {wrong ? <p role="alert">{wrong}</p> : null}
        <div class="row">
          <button type="submit" class="button primary" disabled={!token.trim()}>
            Enter
          </button>
        </div>
      </form>
    </Dialog>
  );
}
