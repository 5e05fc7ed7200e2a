// A sheet from the right for one thing of a list: keeps the focus, closes by Esc, remembers its width.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Icon } from "./icon";

const KEY = "tocsin.drawer";
const LEAST = 380;
const STEP = 40;

interface Props {
  title: ComponentChildren;
  /** What the drawer is called by screen readers. */
  label: string;
  /** Under the title. */
  about?: ComponentChildren;
  /** Beside the button that closes. */
  tools?: ComponentChildren;
  onClose: () => void;
  children: ComponentChildren;
}

/** A modal sheet; it is open as long as it is rendered. */
export function Drawer({ title, label, about, tools, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [width, setWidth] = useState(storedWidth);
  useEffect(() => {
    const close = openModally(dialog.current);
    dialog.current?.querySelector<HTMLElement>(".drawer-body")?.focus(); // so that the arrows scroll it
    return close;
  }, []);
  useEffect(() => keepWidth(width), [width]);

  return (
    <dialog
      ref={dialog}
      class="drawer"
      aria-label={label}
      style={{ width: `${width}px` }}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <Edge width={width} onWidth={setWidth} />
      <div class="drawer-head">
        <div>
          <h2>{title}</h2>
          {about}
        </div>
        {tools}
        <button
          type="button"
          class="button quiet icon"
          aria-label="Close"
          title="Close (Esc)"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      <div class="drawer-body" tabIndex={-1}>
        {children}
      </div>
    </dialog>
  );
}

function Edge({ width, onWidth }: { width: number; onWidth: (width: number) => void }) {
  const most = () => window.innerWidth - 40;
  const bounded = (wanted: number) => Math.max(LEAST, Math.min(most(), wanted));
  return (
    <div
      class="drawer-edge"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label="Width of the drawer"
      aria-valuenow={Math.round(width)}
      aria-valuemin={LEAST}
      aria-valuemax={most()}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) {
          onWidth(bounded(window.innerWidth - event.clientX));
        }
      }}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft") onWidth(bounded(width + STEP));
        if (event.key === "ArrowRight") onWidth(bounded(width - STEP));
      }}
    />
  );
}

function storedWidth(): number {
  const wanted = Number(read());
  return wanted >= LEAST ? Math.min(wanted, window.innerWidth) : Math.min(760, window.innerWidth);
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // Without storage it opens as wide as the first time.
  }
}

function keepWidth(width: number): void {
  try {
    localStorage.setItem(KEY, String(width));
  } catch {
    // As above.
  }
}

/** Show a dialog above all else; the browser traps the focus in it. Returns what closes it and gives the focus back. */
function openModally(dialog: HTMLDialogElement | null): () => void {
  const before = document.activeElement;
  dialog?.showModal();
  return () => {
    dialog?.close();
    // It has left the page already: the browser gives nothing back then.
    if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
  };
}

/** A small modal dialog in the middle. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose?: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    return openModally(dialog.current);
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClick={(event) => event.target === dialog.current && onClose?.()}
    >
      <div class="dialog-head">
        <h2>{title}</h2>
        {onClose ? (
          <button type="button" class="button quiet icon" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        ) : null}
      </div>
      {children}
    </dialog>
  );
}
