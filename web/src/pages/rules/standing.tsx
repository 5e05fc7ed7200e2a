// Whether a rule runs, as a label.
import { Badge } from "../../components/tag";
import type { Standing } from "./types";

const TONES = { ok: "good", unsupported: "medium", invalid: "critical" } as const;

/** ok, unsupported or invalid, by name; the colour only helps. */
export function StandingTag({ standing }: { standing: Standing }) {
  return <Badge tone={TONES[standing]}>{standing}</Badge>;
}
