"""Files in and out: YAML and CSV with line numbers, findings from a schema, saving that never tears a file
or a folder.

Everything that reads refuses bad input with :class:`optimizer.errors.InputError`, all findings at once.
"""
