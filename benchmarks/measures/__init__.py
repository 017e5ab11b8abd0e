"""The measures, one in each module.

A measure of a running server is ``measure(stage, size) -> values``. One that needs its own stage, or none, is
``measure(office, contender, size) -> values``. Values are numbers by name. Errors raise ``Failed``.
"""
