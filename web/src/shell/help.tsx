// The keys that hold on the present page.
import { Dialog } from "../components/drawer";
import { shortcuts } from "../keyboard";

/** A dialog that lists the shortcuts. */
export function Help({ onClose }: { onClose: () => void }) {
  const shown = new Map(shortcuts.value.map((one) => [one.keys, one.does]));
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="shortcut-list">
        {[...shown].map(([keys, does]) => (
          <>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </>
        ))}
        <dt>
          <kbd>Enter</kbd>
        </dt>
        <dd>Open the row</dd>
        <dt>
          <kbd>Esc</kbd>
        </dt>
        <dd>Close, or leave a field</dd>
      </dl>
    </Dialog>
  );
}
