"""How the pipeline is seen from outside: traces, and the names by which everything is called there."""
