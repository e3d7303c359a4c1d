-- R1 on fresh members as a view over a table of bills: whole fen, slots all nought and left out.

-- As quick as DuckDB does it: with its own least and greatest the whole takes half as long again.
create macro lesser(a, b) as case when a < b then a else b end;
create macro greater(a, b) as case when a > b then a else b end;

create view settled as
with figures as (
    select
        in_scope,
        class,
        case level when 1 then 40000::bigint when 2 then 80000 else 120000 end as deductible,
        case level when 1 then 85::bigint when 2 then 75 else 60 end as low,
        case level when 1 then 90::bigint when 2 then 80 else 70 end as high
    from bill
),
above as (select *, in_scope - lesser(deductible, in_scope) as base from figures),
first as (
    select
        in_scope,
        class,
        lesser(
            (lesser(1000000, base) * low + greater(base - 1000000, 0) * high) // 100,
            15000000
        ) as basic
    from above
),
owing as (select basic, class, in_scope - basic as owed from first),
second as (
    select
        basic,
        class,
        owed,
        lesser((
            greater(lesser(owed, 6400000) - 1400000, 0) * 60
            + greater(lesser(owed, 11400000) - 6400000, 0) * 65
            + greater(owed - 11400000, 0) * 70
        ) // 100, 40000000) as critical
    from owing
)
select
    basic,
    critical,
    lesser(
        case class
            when 1 then (owed - critical) * 70 // 100
            when 2 then greater(owed - critical - 300000, 0) * 60 // 100
            else 0
        end,
        5000000
    ) as assistance
from second;
