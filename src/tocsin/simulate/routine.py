"""Ordinary activity: who works at which hour, which programs they start, how they log on and mistype."""

from __future__ import annotations

import random
from bisect import bisect
from itertools import accumulate

from tocsin.simulate.actions import Action, Logon, LogonType, ProcessStart
from tocsin.simulate.background import Background
from tocsin.simulate.organisation import Account, Organisation, Role
from tocsin.simulate.software import WORDS, Encoder, Program, menus

DAY_MS = 86_400_000
HOUR_MS = 3_600_000

PRESENCE = (
    0.05, 0.03, 0.03, 0.03, 0.04, 0.08, 0.25, 0.60, 0.90, 1.00, 1.00, 0.95,
    0.75, 0.90, 1.00, 0.95, 0.90, 0.70, 0.45, 0.25, 0.18, 0.12, 0.10, 0.07,
)  # fmt: skip
"""Share of the people at work in each hour of a weekday."""

WEEKEND = 0.12
"""Presence at a weekend, relative to a weekday."""

LATE_WORK = 0.15
"""Presence never falls below this: somebody is always on call, and a demonstration at night is not dull."""

UNATTENDED_SHARE = 0.10
"""Share of service accounts in the activity when everybody is at work."""

LOGON_SHARE = 0.25
"""Share of logons in the activity."""

TYPO_SHARE = 0.045
"""Share of people's logons that fail because of a mistyped password."""

BACKGROUND_SHARE = 0.6
"""Share of files, registry and network in the activity, for logs that see them."""

ADMIN_SHARE = 0.12
"""Share of administrators in people's activity."""


_ENCODER = Encoder()


class Routine:
    """Draws one ordinary action after the other; the same generator state gives the same actions.

    Args:
        organisation: whose people and services act.
        rng: decides everything.
        detailed: whether the log sees more than processes and logons.
    """

    def __init__(self, organisation: Organisation, rng: random.Random, *, detailed: bool) -> None:
        self._organisation = organisation
        self._rng = rng
        self._menus = {role: [_Menu(menu) for menu in menus(role)] for role in Role}
        self._background = Background(organisation, rng) if detailed else None
        self._words = WORDS
        self._servers = [m.name for m in organisation.servers]

    def draw(self, unattended: float, logons: float) -> Action:
        """Return what somebody does next.

        Args:
            unattended: how likely it is a service account, see `unattended_at`.
            logons: how likely it is a logon, `LOGON_SHARE` on average.
        """
        rng = self._rng
        if self._background is not None and rng.random() < BACKGROUND_SHARE:
            return self._background.draw()
        account = self._somebody(unattended)
        if rng.random() < logons:
            return self._logon(account)
        choice = self._menus[account.role]
        program = choice[int(rng.random() * len(choice))].pick(rng.random())
        return self.start(account, program)

    def start(self, account: Account, program: Program) -> ProcessStart:
        """Return an account's start of a program with one of its usual command lines."""
        rng = self._rng
        commands = program.commands
        line = commands[int(rng.random() * len(commands))].format(
            user=account.name,
            word=self._words[int(rng.random() * len(self._words))],
            n=int(rng.random() * 90) + 10,
            server=self._servers[int(rng.random() * len(self._servers))],
            encoded=_ENCODER,
        )
        image = program.image.replace("{user}", account.name)
        return ProcessStart(
            account, account.home, image, line, program.parent, program.started_as, program.elevated
        )

    def _somebody(self, unattended: float) -> Account:
        rng, organisation = self._rng, self._organisation
        if rng.random() < unattended:
            crowd = organisation.services
        elif rng.random() < ADMIN_SHARE:
            crowd = organisation.admins
        else:
            crowd = organisation.people
        return crowd[int(rng.random() * len(crowd))]

    def _logon(self, account: Account) -> Logon:
        rng, organisation = self._rng, self._organisation
        if account.role is Role.SERVICE:
            kind = LogonType.BATCH if rng.random() < 0.4 else LogonType.SERVICE
            return Logon(
                account, account.home, account.home.address, success=True, type=kind, privileged=True
            )
        success = rng.random() >= TYPO_SHARE
        admin = account.role is Role.ADMIN
        if rng.random() < 0.45:
            here = account.home
            return Logon(account, here, here.address, success, LogonType.INTERACTIVE, privileged=admin)
        machines = organisation.controllers if rng.random() < 0.35 else organisation.servers
        there = machines[int(rng.random() * len(machines))]
        kind = LogonType.REMOTE if admin and rng.random() < 0.3 else LogonType.NETWORK
        return Logon(account, there, account.home.address, success, kind, privileged=admin)


class _Menu:
    """Programs, the more likely the heavier."""

    def __init__(self, programs: tuple[Program, ...]) -> None:
        self._programs = programs
        self._sums = list(accumulate(p.weight for p in programs))

    def pick(self, random: float) -> Program:
        return self._programs[bisect(self._sums, random * self._sums[-1])]


def unattended_at(milliseconds: int) -> float:
    """Return the share of service accounts in the activity at a time (milliseconds since 1970 UTC)."""
    return UNATTENDED_SHARE / bustle(milliseconds)


def bustle(milliseconds: int) -> float:
    """Return how much goes on at a time, relative to the busiest hour of a weekday.

    Services work around the clock, people come and go.
    """
    day, rest = divmod(milliseconds, DAY_MS)
    present = PRESENCE[rest // HOUR_MS]
    if (day + 4) % 7 in (0, 6):  # 1 January 1970 was a Thursday, day 4 of a week that begins on Sunday
        present *= WEEKEND
    return UNATTENDED_SHARE + (1 - UNATTENDED_SHARE) * max(present, LATE_WORK)
