// Detections as the mock makes them; the same number gives the same detection.
import type { Detection, Level } from "../src/api/types";

interface Kind {
  rule_id: string;
  title: string;
  level: Level;
  tactic: string;
  technique: string;
  field: string;
  value: string;
}

export const KINDS: readonly Kind[] = [
  kind(
    1,
    "Encoded PowerShell command",
    "high",
    "TA0002",
    "T1059.001",
    "CommandLine",
    "powershell -nop -w hidden -EncodedCommand aQBlAHgA",
  ),
  kind(
    2,
    "Credentials read from LSASS",
    "critical",
    "TA0006",
    "T1003.001",
    "TargetImage",
    "C:\\Windows\\System32\\lsass.exe",
  ),
  kind(
    3,
    "Scheduled task created by a shell",
    "medium",
    "TA0003",
    "T1053.005",
    "CommandLine",
    "schtasks /create /tn Updater /tr calc.exe /sc minute",
  ),
  kind(4, "Discovery by whoami", "low", "TA0007", "T1033", "Image", "C:\\Windows\\System32\\whoami.exe"),
  kind(5, "Event log cleared", "high", "TA0005", "T1070.001", "CommandLine", "wevtutil cl Security"),
  kind(6, "Remote service created", "medium", "TA0008", "T1021.002", "ServiceName", "PSEXESVC"),
  kind(
    7,
    "<script>alert(1)</script> in a title \u202egnp.exe",
    "informational",
    "TA0011",
    "T1071.001",
    "Url",
    "http://example.com/<b>x</b>\u0000",
  ),
];

function kind(
  number: number,
  title: string,
  level: Level,
  tactic: string,
  technique: string,
  field: string,
  value: string,
): Kind {
  const rule_id = `0d1c2b3a-0000-4000-8000-${String(number).padStart(12, "0")}`;
  return { rule_id, title, level, tactic, technique, field, value };
}

const hex = (number: number, length: number) => number.toString(16).padStart(length, "0");

/** The detection of a number; they are twenty seconds apart, and number 0 is the newest. */
export function detection(number: number, newest = Date.now()): Detection {
  const made = KINDS[(number * 7 + (number >> 2)) % KINDS.length] as Kind;
  const moment = new Date(newest - number * 20_000).toISOString();
  return {
    detection_id: `${hex(number + 1, 8)}-1111-8111-8111-111111111111`,
    event_id: `${hex(number + 1, 8)}-2222-8222-8222-222222222222`,
    timestamp: moment,
    stored_time: moment,
    rule_id: made.rule_id,
    rule_title: made.title,
    rule_revision: "8c1f",
    level: made.level,
    tactics: [made.tactic],
    techniques: [made.technique],
    host: `ws-${String((number * 13) % 24).padStart(2, "0")}`,
    user: number % 5 ? `LAB\\user${number % 9}` : null,
    source_ip: `10.0.${number % 4}.${(number * 31) % 250}`,
    event_type: "process_start",
    matched: { [made.field]: made.value },
    topic: "security-events",
    partition: number % 3,
    offset: 120_000 - number * 17,
    trace_id: `${hex(number + 1, 32)}`,
  };
}
