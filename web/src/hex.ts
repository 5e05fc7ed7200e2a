// Bytes that are no text, as a hex dump.

const PER_LINE = 16;

/** Return offset, bytes and what of them can be read, sixteen to a line. */
export function hexDump(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const part = [...bytes.subarray(at, at + PER_LINE)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const read = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."));
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(PER_LINE * 3 - 1)}  ${read.join("")}`);
  }
  return lines.join("\n");
}
