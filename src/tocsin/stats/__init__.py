"""Questions to the stored results, answered once for every screen, and their plots.

`events.events_of` opens a results folder or a CSV, `questions` computes, `plots` draws what was computed.
"""
