"""The core: what a failure, a candidate and a fix are, and the loop that leads from one to the other.

Pure: no I/O, no clock, no protocol and no parser of source other than :mod:`ast`.
"""
