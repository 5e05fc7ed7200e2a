"""A condition in words says all that the rule says, and can be read aloud."""

from tests.rules.texts import rule_of, rule_text
from tocsin.rules.words import in_words


def test_every_kind_of_item_has_words():
    """One line each; lists of like literals are gathered under what they have in common."""
    detection = {
        "proc": {
            "Image|endswith": ["\\cmd.exe", "\\powershell.exe"],
            "CommandLine|contains|all": ["-enc", "b?c"],
            "User|cased": "Root",
            "Title|startswith": "a",
            "Path": "a*b",
            "Hash|re|i": "^ab",
            "Ip|cidr": "10.0.0.0/8",
            "Size|gte": 5,
            "UtcTime|hour|lt": 6,
            "Parent": None,
            "Child|exists": True,
            "Source|fieldref|contains": "Target",
        },
        "words": ["evil"],
    }
    assert in_words(rule_of(rule_text(detection, "proc and not words")).condition) == (
        """\
all of:
  proc:
    all of:
      Image ends with any of:
        '\\cmd.exe'
        '\\powershell.exe'
      all of:
        CommandLine contains '-enc'
        CommandLine looks like '*b?c*'
      User is exactly 'Root'
      Title begins with 'a'
      Path looks like 'a*b'
      Hash matches /^ab/i
      Ip is an address in 10.0.0.0/8
      Size >= 5
      the hour of UtcTime < 6
      Parent is missing, null or an empty list
      Child has a value
      Source contains the value of Target
  not:
    words:
      any field contains 'evil'"""
    )
