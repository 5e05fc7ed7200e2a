"""Attacks that move to other machines: services, WMI, remote PowerShell."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.simulate.actions import LogonType, PipeCreate, ServiceInstall, ShareAccess
from tocsin.simulate.organisation import SYSTEM
from tocsin.simulate.scenarios.cast import Act, Cast, Scenario
from tocsin.simulate.software import CMD, POWERSHELL, SERVICES

WMI_HOST = "C:\\Windows\\System32\\wbem\\WmiPrvSE.exe"


def _remote_service(cast: Cast) -> Iterator[Act]:
    there, who = cast.server, cast.admin
    stock = cast.rng.random() < 0.4
    name = "PSEXESVC" if stock else cast.noise(8)
    program = f"{name}.exe" if stock else f"{cast.noise(8)}.exe"
    image = f"C:\\Windows\\{program}"
    if stock:
        line = f"PsExec.exe \\\\{there.name} -accepteula -s {cast.one_of('cmd.exe', 'powershell.exe')}"
    else:
        line = (
            f"{cast.implant} -target {there.name} -user CORP\\{who.name} -exec smb \\\\{there.name}\\ADMIN$"
        )
    tool = "C:\\Users\\Public\\PsExec.exe" if stock else cast.implant
    yield Act("reach-out", "T1021.002", cast.run(line, image=tool))
    entry = cast.log_on(who, there, cast.desk.address, LogonType.NETWORK)
    yield Act("reach-out", "T1021.002", entry)
    copy = ShareAccess(who, there, "ADMIN$", program, cast.desk.address, writing=True)
    yield Act("copy-program-to-share", "T1570", copy)
    dropped = cast.file(image, "System", account=SYSTEM, machine=there)
    yield Act("copy-program-to-share", "T1570", dropped)
    yield Act("install-service", "T1569.002", ServiceInstall(who, there, name, f"%SystemRoot%\\{program}"))
    pipe = (
        f"\\{name}-{cast.desk.name}-{cast.rng.randrange(1_000, 9_000)}-stdin"
        if stock
        else f"\\{cast.noise(8)}"
    )
    yield Act("run-as-service", "T1569.002", PipeCreate(SYSTEM, there, image, pipe))
    yield Act(
        "run-as-service",
        "T1569.002",
        cast.run(image, image=image, parent=SERVICES, account=SYSTEM, machine=there),
    )
    shell = cast.one_of("cmd.exe", "cmd.exe /c whoami", f"cmd.exe /c {cast.word()}.bat")
    yield Act(
        "run-as-service", "T1569.002", cast.run(shell, image=CMD, parent=image, account=SYSTEM, machine=there)
    )


def _wmi(cast: Cast) -> Iterator[Act]:
    there, who = cast.server, cast.admin
    payload = cast.one_of(
        f"cmd.exe /c {cast.dropped('bat')}", f"powershell.exe -nop -w hidden -c {cast.download()}"
    )
    node = cast.one_of(there.name, there.address)
    line = f'wmic.exe /node:"{node}" /user:CORP\\{who.name} {cast.cased("process call create")} "{payload}"'
    yield Act("start-process-remotely", "T1047", cast.run(line))
    yield Act(
        "start-process-remotely", "T1047", cast.log_on(who, there, cast.desk.address, LogonType.NETWORK)
    )
    image = CMD if payload.startswith("cmd") else POWERSHELL
    yield Act(
        "run-under-wmi", "T1047", cast.run(payload, image=image, parent=WMI_HOST, account=who, machine=there)
    )
    for command in cast.rng.sample(("whoami", "ipconfig /all", "net user", "dir C:\\Users", "tasklist"), 3):
        stamp = f"__{cast.rng.randrange(10**9, 2 * 10**9)}.{cast.rng.randrange(10**6, 10**7)}"
        shell = f"cmd.exe /Q /c {command} 1> \\\\127.0.0.1\\ADMIN$\\{stamp} 2>&1"
        yield Act(
            "shell-over-wmi",
            "T1047",
            cast.run(shell, image=CMD, parent=WMI_HOST, account=who, machine=there),
        )


def _remote_powershell(cast: Cast) -> Iterator[Act]:
    there, who = cast.server, cast.admin
    host = "C:\\Windows\\System32\\wsmprovhost.exe"
    script = cast.one_of(
        f"Invoke-Command -ComputerName {there.name} -ScriptBlock {{{cast.download()}}}",
        f"$s=New-PSSession {there.name};Invoke-Command -Session $s -ScriptBlock {{{cast.download()}}}",
    )
    line = f'powershell.exe -nop -w hidden -c "{script}"'
    yield Act("open-remote-session", "T1021.006", cast.run(line, account=who, machine=cast.desk))
    yield Act(
        "open-remote-session", "T1021.006", cast.log_on(who, there, cast.desk.address, LogonType.NETWORK)
    )
    yield Act(
        "run-in-remote-session",
        "T1021.006",
        cast.powershell(cast.download(), parent=host, account=who, machine=there),
    )
    share = cast.one_of("C$", "ADMIN$", "D$")
    use = f"net.exe use \\\\{there.name}\\{share} {cast.password()} /user:CORP\\{who.name}"
    yield Act("mount-admin-share", "T1021.002", cast.run(use))
    target = f"\\\\{there.name}\\{share}\\ProgramData\\{cast.word()}.exe"
    copy = cast.one_of(f"cmd.exe /c copy {cast.implant} {target}", f"xcopy.exe /y {cast.implant} {target}*")
    yield Act("copy-tool-to-share", "T1570", cast.run(copy))


SCENARIOS = (
    Scenario("remote-service", "Run a program on a server as a service, as PsExec does", _remote_service),
    Scenario("wmi-lateral", "Run commands on a server through WMI", _wmi),
    Scenario("remote-powershell", "Run scripts on a server through remote PowerShell", _remote_powershell),
)
