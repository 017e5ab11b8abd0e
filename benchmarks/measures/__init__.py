"""What is measured, a file each.

A measure of a running server is ``measure(stage, size) -> values``; one that needs a stage of its own, or none, is
``measure(office, contender, size) -> values``. Values are numbers by name. Whatever goes wrong raises ``Failed``.
"""
