"""The loop that turns the crank: poll, judge, write, flush, commit."""
