// Short words about what was just done; read out, and gone after some seconds.
import { signal } from "@preact/signals";

const SHOWN_MS = 4_000;
let next = 0;
const toasts = signal<readonly { id: number; text: string }[]>([]);

/** Say something for some seconds. */
export function toast(text: string): void {
  const id = next++;
  toasts.value = [...toasts.peek(), { id, text }];
  setTimeout(() => (toasts.value = toasts.peek().filter((one) => one.id !== id)), SHOWN_MS);
}

/** Where they are shown; once, in the shell. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <div class="toast" key={one.id}>
          {one.text}
        </div>
      ))}
    </div>
  );
}
