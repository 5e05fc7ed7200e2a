// Copies a text to the clipboard, and says so.
import { useState } from "preact/hooks";

import { Icon } from "./icon";
import { toast } from "./toast";

/** A button that copies `text`; `label` names what is copied. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1_500);
      toast(`Copied ${label}`);
    } catch {
      toast("The browser did not allow copying");
    }
  };
  return (
    <button
      type="button"
      class="button quiet icon"
      title={`Copy ${label}`}
      aria-label={`Copy ${label}`}
      onClick={(event) => {
        event.stopPropagation();
        void copy();
      }}
    >
      <Icon name={done ? "check" : "copy"} />
    </button>
  );
}
