"""The report: the numbers of `stats` as one HTML file for people who were not there, which prints well.

`page.page` writes it; `markup` escapes every value, `time_chart` and `chain_chart` draw, `sections` tells.
"""
