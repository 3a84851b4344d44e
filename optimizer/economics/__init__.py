"""The pure formulas: numpy in, numpy out, one file per subject.

They are the only home of a business equation; the program, the evaluator and the reports share them.
"""
