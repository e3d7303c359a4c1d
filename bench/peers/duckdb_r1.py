"""R1 on fresh members by DuckDB: one query over a table of bills in memory, on so many threads."""

import pathlib
import sys

import duckdb
import turns

bills = turns.Bills(sys.argv[1])
base = duckdb.connect(config={"threads": int(sys.argv[2])})
columns = {"in_scope": bills.in_scope, "level": bills.level, "class": bills.of_class}
base.execute("create table bill as select * from columns")
base.execute(pathlib.Path(__file__).with_name("duckdb_r1.sql").read_text())


def turn():
    return turns.timed(lambda: base.execute("create or replace table answer as select * from settled"))[0]


def only_sums():
    query = "select sum(basic), sum(critical), sum(assistance) from settled"
    took, row = turns.timed(lambda: base.execute(query).fetchone())
    return " ".join(str(number) for number in [took, *row])


def write():
    turns.write(bills.folder, base.execute("from answer").fetchnumpy())
    return "written"


turns.take(duckdb.__version__, {"turn": turn, "sum": only_sums, "write": write})
