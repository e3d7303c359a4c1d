-- Workload R1 as one stored function over a table of members: six yearly accumulators, updated in place.
create table member (
    id integer primary key,
    class smallint not null,
    deductible bigint not null default 0,
    above_deductible bigint not null default 0,
    basic_paid bigint not null default 0,
    self_pay bigint not null default 0,
    critical_paid bigint not null default 0,
    assistance_paid bigint not null default 0
) with (fillfactor = 60); -- room in every page for the next version of its rows: updates then touch no index

create function settle(member_id integer, in_scope bigint, level integer, out basic bigint, out critical bigint, out assistance bigint)
language plpgsql as $$
declare
    m member;
    deductible_of_level constant bigint[] := array[40000, 80000, 120000];
    low constant bigint[] := array[85, 75, 60];
    high constant bigint[] := array[90, 80, 70];
    due bigint;
    base bigint;
    below bigint;
    owed bigint;
    after bigint;
    remainder bigint;
begin
    select * into strict m from member where id = member_id for update;

    due := least(greatest(deductible_of_level[level] - m.deductible, 0), in_scope);
    base := in_scope - due;
    below := least(greatest(1000000 - m.above_deductible, 0), base);
    basic := least((below * low[level] + (base - below) * high[level]) / 100, 15000000 - m.basic_paid);

    owed := in_scope - basic;
    after := m.self_pay + owed;
    critical := least((
        greatest(least(after, 6400000) - greatest(m.self_pay, 1400000), 0) * 60
        + greatest(least(after, 11400000) - greatest(m.self_pay, 6400000), 0) * 65
        + greatest(after - greatest(m.self_pay, 11400000), 0) * 70
    ) / 100, 40000000 - m.critical_paid);

    remainder := owed - critical;
    assistance := case m.class
        when 1 then remainder * 70 / 100
        when 2 then greatest(remainder - 300000, 0) * 60 / 100
        else 0
    end;
    assistance := least(assistance, 5000000 - m.assistance_paid);

    update member set
        deductible = m.deductible + due,
        above_deductible = m.above_deductible + base,
        basic_paid = m.basic_paid + basic,
        self_pay = after,
        critical_paid = m.critical_paid + critical,
        assistance_paid = m.assistance_paid + assistance
    where id = member_id;
end
$$;
