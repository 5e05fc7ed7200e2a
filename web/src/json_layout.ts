// JSON laid out over lines without reading it into values: numbers, escapes and double keys stay as they were sent.

const INDENT = "  ";

/** Return valid JSON with a line per member; null where it is no JSON. */
export function laidOut(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const out: string[] = [];
  let depth = 0;
  let at = 0;
  const line = () => out.push("\n", INDENT.repeat(depth));
  while (at < text.length) {
    const character = text[at] as string;
    if (character === '"') {
      const end = endOfString(text, at);
      out.push(text.slice(at, end));
      at = end;
      continue;
    }
    at += 1;
    if (/\s/.test(character)) continue;
    if (character === "{" || character === "[") {
      const closing = nextSign(text, at);
      if (text[closing] === (character === "{" ? "}" : "]")) {
        out.push(character, text[closing] as string);
        at = closing + 1;
        continue;
      }
      depth += 1;
      out.push(character);
      line();
    } else if (character === "}" || character === "]") {
      depth -= 1;
      line();
      out.push(character);
    } else if (character === ",") {
      out.push(character);
      line();
    } else {
      out.push(character === ":" ? ": " : character);
    }
  }
  return out.join("");
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function nextSign(text: string, from: number): number {
  let at = from;
  while (/\s/.test(text[at] ?? "x")) at += 1;
  return at;
}
