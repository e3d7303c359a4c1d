"""What the peer programs in Python share: reading the bills, taking turns with the bench line by line, and writing the answers."""

import sys
import time

import numpy


class Bills:
    """The columns that the bench wrote into a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.member = self.column("member", "<u4")
        self.in_scope = self.column("in_scope", "<i8")
        self.level = self.column("level", "u1")
        self.of_class = self.column("class", "u1")

    def column(self, name, kind):
        return numpy.fromfile(f"{self.folder}/{name}", dtype=kind)

    def __len__(self):
        return len(self.in_scope)


def timed(work):
    """How many nanoseconds it took, and what it gave."""
    begin = time.perf_counter_ns()
    given = work()
    return time.perf_counter_ns() - begin, given


def write(folder, columns):
    """Each column as 64-bit whole numbers in the order of the bills; a number that is no whole one stops here."""
    for name, column in columns.items():
        column = numpy.asarray(column)
        assert numpy.issubdtype(column.dtype, numpy.integer), f"{name} holds {column.dtype}"
        column.astype("<i8").tofile(f"{folder}/{name}")


def take(version, commands):
    """Says that all is loaded; then answers one line to every line, each the name of a command, until there is none."""
    print("ready", version, flush=True)
    for line in sys.stdin:
        print(commands[line.strip()](), flush=True)
