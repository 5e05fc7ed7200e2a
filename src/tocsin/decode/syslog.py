"""Lines of syslog and of the systemd journal that collectors write as JSON, to the fields that rules read."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from tocsin.decode import auditd
from tocsin.decode.logsources import log_of
from tocsin.decode.paths import text_at
from tocsin.decode.reshaped import Reshaped
from tocsin.model import NO_CATEGORY, LogSource

_PROGRAMS = (
    "SYSLOG_IDENTIFIER", "programname", "PROGRAM", "program", "appname", "app-name", "ident",
    "syslog_program", "syslogtag", "process.name", "_COMM",
)  # fmt: skip
_MESSAGES = ("MESSAGE", "message", "msg", "syslog_message")
_FACILITIES = ("syslogfacility-text", "facility", "FACILITY", "SYSLOG_FACILITY", "log.syslog.facility.name")


def _linux(service: str, category: str = NO_CATEGORY) -> LogSource:
    return LogSource("linux", category, service)


_SERVICES = {
    **dict.fromkeys(("sshd", "sshd-session", "sshd-auth"), _linux("sshd")),
    "sudo": _linux("sudo"),
    **dict.fromkeys(("cron", "crond", "crontab", "anacron", "fcron", "atd"), _linux("cron")),
    **dict.fromkeys(("clamd", "clamav", "clamscan", "clamdscan", "freshclam"), _linux("clamav")),
    "vsftpd": _linux("vsftpd"),
    **dict.fromkeys(("guacd", "guacamole", "tomcat-guacamole"), _linux("guacamole")),
    **dict.fromkeys(
        (
            "su",
            "login",
            "pkexec",
            "polkitd",
            "passwd",
            "useradd",
            "usermod",
            "userdel",
            "groupadd",
            "gpasswd",
            "chage",
        ),
        _linux("auth"),
    ),
    **dict.fromkeys(("systemd-logind", "gdm-password", "sssd", "pam", "doas"), _linux("auth")),
    **dict.fromkeys(("nginx",), _linux("nginx", "webserver")),
    **dict.fromkeys(("apache", "apache2", "httpd"), _linux("apache", "webserver")),
    **dict.fromkeys(("mysqld", "mariadbd", "postgres", "postgresql"), _linux("syslog", "database")),
    **dict.fromkeys(
        ("kernel", "systemd", "named", "dhclient", "networkmanager", "rsyslogd"), _linux("syslog")
    ),
}
"""A program -> the log that it writes; what is not in it writes to syslog."""

_AUTH = _linux("auth")
_SYSLOG = LogSource(None, NO_CATEGORY, "syslog")
_JOURNAL = _linux("syslog")
_CISCO = LogSource("cisco", NO_CATEGORY)
_CLAMAV_FOUND = _linux("clamav", "antivirus")

_AUTH_FACILITIES = frozenset({"auth", "authpriv", "4", "10"})
"""Facilities by name and by number (RFC 5424)."""

_TAG = re.compile(r"[^\[\s:]+")
_SUDO = re.compile(r"\b(TTY|PWD|USER|GROUP|ENV)=([^;]*?) ;|\b(COMMAND)=(.*)", re.DOTALL)
_SUDOER = re.compile(r"\s*(\S{1,256}) : ")
_CLAMAV = re.compile(r"(.{1,4096}): (\S{1,256}) FOUND\s*\Z", re.DOTALL)
_CISCO_CODE = re.compile(r"%[A-Z][A-Z0-9_-]*-[0-7]-[A-Z0-9_]+:")
"""What messages of Cisco's systems begin with: facility, severity and mnemonic."""

_DATA = re.compile(r"<Data Name=[\"']([^\"']+)[\"']>([^<]*)</Data>")
_ELEMENT = re.compile(r"<(EventID|Computer|Channel)>([^<]*)</\1>")
_SYSTEM_TIME = re.compile(r"SystemTime=[\"']([^\"']+)[\"']")


def reshaped(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of a line, and of what its program is known to put into it."""
    message = text_at(found, _MESSAGES)
    tag = _TAG.match(text_at(found, _PROGRAMS).rpartition("/")[2])
    program = tag[0] if tag else ""
    if program == "sysmon" and message.startswith("<Event"):
        return _sysmon(found, message)
    if auditd.is_line(message):
        return auditd.from_line(found, message)
    fields: dict[str, object] = {**found, "Message": message}
    if program:
        fields.setdefault("ProcessName", program)
    if program == "sudo":
        fields.update(_sudo(message))
    source = _source(found, program, message)
    hit = _CLAMAV.match(message) if source.service == "clamav" else None
    if hit:
        fields |= {"Filename": hit[1], "Signature": hit[2]}
        source = _CLAMAV_FOUND
    return Reshaped(fields, source)


def _source(found: Mapping[str, object], program: str, message: str) -> LogSource:
    known = _SERVICES.get(program.lower())
    if known is not None:
        return known
    if "%" in message[:160] and _CISCO_CODE.search(message[:160]):
        return _CISCO
    if text_at(found, _FACILITIES).lower() in _AUTH_FACILITIES:
        return _AUTH
    return _JOURNAL if "SYSLOG_IDENTIFIER" in found or "_SYSTEMD_UNIT" in found else _SYSLOG


def _sudo(message: str) -> dict[str, object]:
    """Return what sudo says; `User` is who asked for it, `USER` as whom."""
    fields: dict[str, object] = {
        hit[1] or hit[3]: (hit[2] or hit[4]).strip() for hit in _SUDO.finditer(message)
    }
    user = _SUDOER.match(message)
    return {**fields, "User": user[1]} if user else fields


def _sysmon(found: Mapping[str, object], message: str) -> Reshaped:
    """Return the fields of an event of Sysmon for Linux, which writes them to syslog as XML."""
    fields: dict[str, object] = {**found}
    fields.update({name: html.unescape(value) for name, value in _DATA.findall(message)})
    fields.update(dict(_ELEMENT.findall(message)))
    fields.setdefault("Channel", "Linux-Sysmon/Operational")
    number = str(fields.get("EventID", ""))
    if number.isdecimal() and len(number) <= 10:
        fields["EventID"] = int(number)
    time = _SYSTEM_TIME.search(message)
    log = log_of("Linux-Sysmon/Operational", "")
    source = log.source_of(int(number), None) if number.isdecimal() and len(number) <= 10 else log.other
    return Reshaped(fields, source, time and time[1])
