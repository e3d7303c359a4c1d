"""R1 by the ZEN engine's Python package: a decision graph evaluated bill after bill, the member's slots given in and taken out."""

import importlib.metadata
import json
import pathlib
import sys

import turns
import zen

SLOTS = ["deductible", "above_deductible", "basic_paid", "self_pay", "critical_paid", "assistance_paid"]
PAID = ["basic", "critical", "assistance"]

bills = turns.Bills(sys.argv[1])
rows = list(zip(bills.member.tolist(), bills.in_scope.tolist(), bills.level.tolist(), bills.of_class.tolist()))
members = max(bills.member.tolist()) + 1
# A loader that holds the graph compiles it once. A decision made of the text is parsed at each evaluation, eight times slower.
graph = json.loads(pathlib.Path(__file__).with_name("r1.json").read_text())
engine = zen.ZenEngine({"loader": {"type": "static", "content": {"r1": graph}}})
slots, answers = [], []


def settle_all():
    evaluate, keep = engine.evaluate, answers.append
    for member, in_scope, level, of_class in rows:
        bill = {"in_scope": in_scope, "level": level, "class": of_class, "slots": slots[member]}
        paid = evaluate("r1", bill)["result"]
        slots[member] = paid["slots"]
        keep(paid)


def turn():
    slots[:] = [dict.fromkeys(SLOTS, 0) for _ in range(members)]
    answers.clear()
    return turns.timed(settle_all)[0]


def write():
    columns = {name: [paid[name] for paid in answers] for name in PAID}
    columns["slots"] = [[one[name] for name in SLOTS] for one in slots]
    turns.write(bills.folder, columns)
    return "written"


turns.take(importlib.metadata.version("zen-engine"), {"turn": turn, "write": write})
