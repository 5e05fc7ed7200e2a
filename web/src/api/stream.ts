// Server-sent events as a hook: connects again by itself, and lets go of the connection while nobody looks.
import { useEffect, useRef, useState } from "preact/hooks";

export type StreamState = "connecting" | "open" | "reconnecting" | "paused";

const RETRY_MS = 2_000;
/**
 * Listen to `address` and hand each event's JSON to `onMessage`.
 *
 * A browser allows six connections to a server: a page that is hidden lets go of its own, and takes it up again.
 *
 * @param address null listens to nothing ("paused").
 * @param event the name of the events that are handed on.
 * @param silence milliseconds without a word after which the connection is dead, whatever the browser thinks; 0 for
 *   streams that may be silent for long.
 */
export function useStream<T>(
  address: string | null,
  event: string,
  onMessage: (message: T) => void,
  silence = 0,
): StreamState {
  const [state, setState] = useState<StreamState>("connecting");
  const handler = useRef(onMessage);
  handler.current = onMessage;

  useEffect(() => {
    if (address === null) {
      setState("paused");
      return;
    }
    return listen(address, event, (text) => handler.current(JSON.parse(text) as T), setState, silence);
  }, [address, event, silence]);
  return state;
}

function listen(
  address: string,
  event: string,
  onText: (text: string) => void,
  onState: (state: StreamState) => void,
  silence: number,
): () => void {
  let source: EventSource | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let heard = Date.now();

  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = null;
  };
  const again = () => {
    close();
    onState("reconnecting");
    retry = setTimeout(open, RETRY_MS);
  };
  const open = () => {
    close();
    heard = Date.now();
    source = new EventSource(address);
    source.addEventListener("open", () => onState("open"));
    source.addEventListener("error", again);
    source.addEventListener(event, (message) => {
      heard = Date.now();
      onState("open");
      onText((message as MessageEvent<string>).data);
    });
  };
  const look = () => (document.hidden ? close() : open());
  const dead = () => source !== null && silence > 0 && Date.now() - heard > silence;
  const watchdog = setInterval(() => dead() && again(), 1_000);

  onState("connecting");
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    document.removeEventListener("visibilitychange", look);
    clearInterval(watchdog);
    close();
  };
}
