"""The ATT&CK catalogue: names, parents and kill-chain order, and what became of renamed ids."""
