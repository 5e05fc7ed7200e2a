// A framed part of a page with its title.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Props {
  title?: string;
  /** At the right of the title: a control, or a few words. */
  end?: ComponentChildren;
  /** Without padding, for tables. */
  flush?: boolean;
  children: ComponentChildren;
}

/** A region of the page, named by its title. */
export function Panel({ title, end, flush = false, children }: Props) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby={title ? id : undefined}>
      {title || end ? (
        <div class="panel-head">
          {title ? <h2 id={id}>{title}</h2> : null}
          {end ? <div class="end">{end}</div> : null}
        </div>
      ) : null}
      <div class={flush ? "panel-body flush" : "panel-body"}>{children}</div>
    </section>
  );
}

/** The head of a page: its name, a sentence, and its controls. */
export function PageHead({
  title,
  about,
  children,
}: {
  title: string;
  about?: string;
  children?: ComponentChildren;
}) {
  return (
    <header class="page-head">
      <h1>{title}</h1>
      {children ? <div class="end">{children}</div> : null}
      {about ? <p class="page-about">{about}</p> : null}
    </header>
  );
}
