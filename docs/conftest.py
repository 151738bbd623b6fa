"""Every block of code on these pages that begins with ``>>>`` is a test."""

collect_ignore_glob = ["conf.py", "_*", "auto_examples", "generated"]
