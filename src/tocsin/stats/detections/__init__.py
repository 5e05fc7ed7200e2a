"""The read model of the console: stored detections as flat rows in a DuckDB file that follows the results.

The results have a row per event with its detections nested, which is right for whoever writes. Asking them
anything about ten million detections takes seconds; a flat copy, with rules, hosts and users as numbers,
answers in a tenth of one. It is a copy: whoever deletes it loses nothing but the time to make it anew.
"""
