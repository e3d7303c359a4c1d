"""R1 on fresh members by OpenFisca-Core: a small tax and benefit system whose formulas run over whole columns."""

import importlib.metadata
import pathlib
import sys

import numpy
import turns
from openfisca_core.entities import build_entity
from openfisca_core.parameters import ParameterNode, load_parameter_file
from openfisca_core.periods import YEAR
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

PAID = ["basic", "critical", "assistance"]
PERIOD = "2026"
Member = build_entity("member", "members", "A fresh member with one bill", is_person=True)


def wide(column):
    """Its whole numbers are of 32 bits, which a product of fen and percent outgrows. Its floats are of 32 bits too: no fen above
    167,772.16 yuan would be sure to come out."""
    return column.astype(numpy.int64)


def of_level(member, period, figures):
    level = member("level", period)
    return numpy.where(level == 1, figures.first, numpy.where(level == 2, figures.second, figures.third))


class in_scope(Variable):
    value_type, entity, definition_period = int, Member, YEAR
    label = "In scope"


class level(Variable):
    value_type, entity, definition_period = int, Member, YEAR
    label = "Level of the facility, 1 to 3"


class identity(Variable):
    value_type, entity, definition_period = int, Member, YEAR
    label = "Class of the member: 0 for none, 1 or 2"


class above_deductible(Variable):
    value_type, entity, definition_period = int, Member, YEAR
    label = "In scope above the deductible"

    def formula(member, period, parameters):
        amount = of_level(member, period, parameters(period).r1.basic.deductible)
        return numpy.maximum(member("in_scope", period) - amount, 0)


class basic(Variable):
    value_type, entity, definition_period = int, Member, YEAR
    label = "Paid by basic insurance"

    def formula(member, period, parameters):
        figures = parameters(period).r1.basic
        base = wide(member("above_deductible", period))
        below = numpy.minimum(base, figures.edge)
        low, high = of_level(member, period, figures.low), of_level(member, period, figures.high)
        return numpy.minimum((below * low + (base - below) * high) // 100, figures.cap)


class owed(Variable):
    value_type, entity, definition_period = int, Member, YEAR
    label = "Left after basic insurance"

    def formula(member, period):
        return member("in_scope", period) - member("basic", period)


class critical(Variable):
    value_type, entity, definition_period = int, Member, YEAR
    label = "Paid by critical illness insurance"

    def formula(member, period, parameters):
        figures = parameters(period).r1.critical
        after = wide(member("owed", period))
        band_1 = numpy.maximum(numpy.minimum(after, figures.edge_2) - figures.edge_1, 0)
        band_2 = numpy.maximum(numpy.minimum(after, figures.edge_3) - figures.edge_2, 0)
        band_3 = numpy.maximum(after - figures.edge_3, 0)
        scaled = band_1 * figures.percent_1 + band_2 * figures.percent_2 + band_3 * figures.percent_3
        return numpy.minimum(scaled // 100, figures.cap)


class assistance(Variable):
    value_type, entity, definition_period = int, Member, YEAR
    label = "Paid by medical assistance"

    def formula(member, period, parameters):
        figures = parameters(period).r1.assistance
        of_class = member("identity", period)
        left = wide(member("owed", period) - member("critical", period))
        of_1 = left * figures.of_class_1
        of_2 = numpy.maximum(left - figures.from_of_class_2, 0) * figures.of_class_2
        scaled = numpy.where(of_class == 1, of_1, numpy.where(of_class == 2, of_2, 0))
        return numpy.minimum(scaled // 100, figures.cap)


bills = turns.Bills(sys.argv[1])
system = TaxBenefitSystem([Member])
system.add_variables(in_scope, level, identity, above_deductible, basic, owed, critical, assistance)
numbers = pathlib.Path(__file__).with_name("openfisca_r1.yaml")
system.parameters = ParameterNode("", data={})
system.parameters.add_child("r1", load_parameter_file(str(numbers), "r1"))
answers = {}


def turn():
    # A simulation keeps what it calculated, so every turn has a new one; making it is not timed.
    simulation = SimulationBuilder().build_default_simulation(system, len(bills))
    for name, column in [("in_scope", bills.in_scope), ("level", bills.level), ("identity", bills.of_class)]:
        simulation.set_input(name, PERIOD, column)
    took, paid = turns.timed(lambda: [simulation.calculate(name, PERIOD) for name in PAID])
    answers.update(zip(PAID, paid))
    return took


def write():
    turns.write(bills.folder, answers)
    return "written"


turns.take(importlib.metadata.version("openfisca-core"), {"turn": turn, "write": write})
