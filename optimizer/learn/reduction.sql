-- Logs to small tables. Written for DuckDB; other dialects are printed from it.
-- Needed: usage(customer, day, hour, ai_model, requests, input_tokens, cached_tokens, output_tokens),
-- subscriptions(customer, segment, plan, started, ended, price, currency, interval, quantity, trial), price in USD a month,
-- caps(plan, ai_model, cap_window, cap, fallback); one may be empty. Days are whole days in one time zone.
-- Parameters in braces: {sample} customers of a plan whose log is read by the hour, {others} the plan of customers
-- without a subscription,
-- {spell_hours} hours of the shortest window, {least} the fewest customers of
-- a cell that is shown.

-- name: learn_period
select min(day) as first_day, max(day) as last_day from usage

-- name: learn_spells
-- One row for each uninterrupted time of a customer on a plan: overlapping subscriptions are cut where the next one
-- starts, renewals of the same plan are joined.
select customer, plan, min(started) as started, max(ended) as ended, max(segment) as segment,
       max(price) as price, max(billing) as billing, max(quantity) as quantity, max(trial) as trial, count(*) as parts
from (
  select *, sum(case when plan = plan_before and date_diff('day', ended_before, started) <= 1 then 0 else 1 end)
            over (partition by customer order by started, ended_sort rows unbounded preceding) as spell
  from (
    select *, lag(plan) over (partition by customer order by started, ended_sort) as plan_before,
              lag(ended) over (partition by customer order by started, ended_sort) as ended_before
    from (
      select customer, segment, plan, started, price, billing, quantity, trial, ended_sort,
             case when next_start < ended_sort then next_start else ended end as ended
      from (
        select customer, segment, plan, started, ended, price, "interval" as billing,
               coalesce(quantity, 1) as quantity, case when trial then 1 else 0 end as trial,
               coalesce(ended, cast('9999-12-31' as date)) as ended_sort,
               lead(started) over (partition by customer order by started, coalesce(ended, cast('9999-12-31' as date)))
                 as next_start
        from subscriptions
      ) as ordered
    ) as cut
    where ended is null or ended > started
  ) as neighbours
) as numbered
group by customer, plan, spell

-- name: learn_as_of
-- The days watched: those of the log; of the subscriptions where there is no log.
select coalesce(p.first_day, s.first_day) as watched_from, coalesce(p.last_day, s.last_day) as as_of
from learn_period as p cross join (
  select min(started) as first_day, max(greatest(started, coalesce(ended, started))) as last_day from subscriptions
) as s

-- name: learn_neighbours
select segment, plan, started, ended,
       lag(plan) over (partition by customer order by started) as plan_before,
       lag(ended) over (partition by customer order by started) as ended_before,
       lead(plan) over (partition by customer order by started) as next_plan,
       lead(started) over (partition by customer order by started) as next_start
from learn_spells

-- name: learn_subscribed
-- What of each spell the log covers; days in the log are [from_day, to_day).
select row_number() over (order by customer, from_day) as i, customer, segment, plan, from_day, to_day
from (
  select s.customer, s.segment, s.plan, greatest(s.started, p.first_day) as from_day,
         least(coalesce(s.ended, cast('9999-12-31' as date)), cast(p.last_day + interval '1' day as date)) as to_day
  from learn_spells as s cross join learn_period as p
) as covered
where from_day < to_day

-- name: learn_scan
-- One scan of the whole log: requests and tokens of each span by AI model; by customer on days without a subscription.
select s.i, case when s.i is null then u.customer end as customer, u.ai_model, min(u.day) as seen,
       sum(u.requests) as requests, sum(u.input_tokens) as input_tokens,
       sum(coalesce(u.cached_tokens, 0)) as cached_tokens, sum(u.output_tokens) as output_tokens
from usage as u
left join learn_subscribed as s on u.customer = s.customer and u.day >= s.from_day and u.day < s.to_day
group by s.i, case when s.i is null then u.customer end, u.ai_model

-- name: learn_unsubscribed
-- Customers of the log on days without a subscription: watched from the day after they were first seen.
select customer, min(seen) as seen from learn_scan where i is null group by customer

-- name: learn_others
-- Their spans, numbered after those of subscriptions.
select row_number() over (order by customer) + coalesce((select max(i) from learn_subscribed), 0) as i, customer,
       segment, {others} as plan, from_day, to_day
from (
  select n.customer, coalesce(max(s.segment), 'all') as segment, cast(n.seen + interval '1' day as date) as from_day,
         least(coalesce(min(case when s.started > n.seen then s.started end), cast('9999-12-31' as date)),
               cast(max(p.last_day) + interval '1' day as date)) as to_day
  from learn_unsubscribed as n cross join learn_period as p left join learn_spells as s on n.customer = s.customer
  group by n.customer, n.seen
) as covered
where from_day < to_day

-- name: learn_spans
-- All spans, in an order of their own in each plan: the first ones are the sample.
select i, customer, segment, plan, from_day, to_day, date_diff('day', from_day, to_day) as days,
       row_number() over (partition by segment, plan order by md5(customer), from_day) as place
from (select * from learn_subscribed union all select * from learn_others) as covered

-- name: learn_totals
-- Requests and tokens by span: only customers without a subscription are looked up in the log again.
select i, ai_model, requests, input_tokens, cached_tokens, output_tokens from learn_scan where i is not null
union all
select s.i, u.ai_model, sum(u.requests) as requests, sum(u.input_tokens) as input_tokens,
       sum(coalesce(u.cached_tokens, 0)) as cached_tokens, sum(u.output_tokens) as output_tokens
from usage as u
join learn_others as s on u.customer = s.customer and u.day >= s.from_day and u.day < s.to_day
group by s.i, u.ai_model

-- name: learn_detail
-- The log of a sample of customers, by hour.
select s.i, s.segment, s.plan, s.days, u.day, date_diff('day', s.from_day, u.day) as d, u.hour, u.ai_model,
       sum(u.requests) as n
from usage as u
join learn_spans as s on u.customer = s.customer and u.day >= s.from_day and u.day < s.to_day
where s.place <= {sample} and s.days >= 2
group by s.i, s.segment, s.plan, s.days, u.day, s.from_day, u.hour, u.ai_model

-- name: learn_spelled
-- Spells of use: a window of some hours opens at the first request, the next one at the first request after it.
select i, segment, plan, days, d, hour, ai_model, n,
       case when hour < a + {spell_hours} then 1 when hour < b + {spell_hours} then 2 when hour < c + {spell_hours} then 3 when hour < e + {spell_hours} then 4
            else 5 end as spell
from (
  select *, min(case when hour >= c + {spell_hours} then hour end) over (partition by i, d) as e
  from (
    select *, min(case when hour >= b + {spell_hours} then hour end) over (partition by i, d) as c
    from (
      select *, min(case when hour >= a + {spell_hours} then hour end) over (partition by i, d) as b
      from (
        select *, min(hour) over (partition by i, d) as a from learn_detail where hour is not null
      ) as first_window
    ) as second_window
  ) as third_window
) as fourth_window

-- name: learn_counts
-- Requests of each sampled customer in each whole window, by AI model.
select i, segment, plan, days, 'day' as time_window, d as slot, ai_model, sum(n) as x
from learn_detail group by i, segment, plan, days, d, ai_model
union all
select i, segment, plan, days, 'week' as time_window, cast(floor(d / 7) as bigint) as slot, ai_model, sum(n) as x
from learn_detail where d < floor(days / 7) * 7
group by i, segment, plan, days, cast(floor(d / 7) as bigint), ai_model
union all
select i, segment, plan, days, 'month' as time_window, cast(floor(d / 30) as bigint) as slot, ai_model, sum(n) as x
from learn_detail where d < floor(days / 30) * 30
group by i, segment, plan, days, cast(floor(d / 30) as bigint), ai_model
union all
select i, segment, plan, days, '5h' as time_window, d * 10 + spell as slot, ai_model, sum(n) as x
from learn_spelled group by i, segment, plan, days, d, spell, ai_model

-- name: learn_windows
-- Requests to all AI models together (ai_model ''), and to each whose cap is that of the window: where it was
-- reached the wish is known from below. Windows are parted in an early and a late two fifths of the days watched, so
-- that what lasts a week or a month is not taken for what a customer is like.
select i, segment, plan, time_window, ai_model, x, capped, whole, share,
       case when place < share then 1 when place >= whole - share then 2 else 0 end as part
from (
  select w.*, case w.time_window when '5h' then floor(w.slot / 10) else w.slot end as place, l.whole,
         greatest(floor(0.4 * l.whole), 1) as share
  from (
    select i, segment, plan, days, time_window, slot, '' as ai_model, sum(x) as x, 0 as capped
    from learn_counts group by i, segment, plan, days, time_window, slot
    union all
    select k.i, k.segment, k.plan, k.days, k.time_window, k.slot, k.ai_model, k.x,
           case when k.x >= c.cap then 1 else 0 end as capped
    from learn_counts as k
    join caps as c on k.plan = c.plan and k.ai_model = c.ai_model and k.time_window = c.cap_window
  ) as w
  join (
    select i, 'day' as time_window, days as whole from learn_spans union all
    select i, '5h' as time_window, days as whole from learn_spans union all
    select i, 'week' as time_window, cast(floor(days / 7) as bigint) as whole from learn_spans union all
    select i, 'month' as time_window, cast(floor(days / 30) as bigint) as whole from learn_spans
  ) as l on w.i = l.i and w.time_window = l.time_window
  where l.whole >= 2
) as placed

-- name: learn_bins
-- How many windows of a customer fell into each bin [low, high); four bins an octave, high empty where a cap was
-- reached. Windows without use are the bin [0, 1); spells have none.
select i, segment, plan, time_window, ai_model, part, low, high, count(*) as windows
from (
  select i, segment, plan, time_window, ai_model, part,
         case when capped = 1 then x else cast(floor(x / size) * size as bigint) end as low,
         case when capped = 1 then null else cast(floor(x / size) * size + size as bigint) end as high
  from (
    select *, cast(power(2, greatest(floor(ln(x) / 0.6931471805599453 + 0.000000001) - 2, 0)) as bigint) as size
    from learn_windows where x >= 1 and part > 0
  ) as sized
) as binned
group by i, segment, plan, time_window, ai_model, part, low, high
union all
select i, segment, plan, time_window, ai_model, part, cast(0 as bigint) as low, cast(1 as bigint) as high,
       cast(share - seen as bigint) as windows
from (
  select u.i, u.segment, u.plan, u.time_window, u.ai_model, p.part, max(u.share) as share,
         sum(case when u.part = p.part and u.x >= 1 then 1 else 0 end) as seen
  from learn_windows as u cross join (select 1 as part union all select 2 as part) as p
  where u.time_window <> '5h'
  group by u.i, u.segment, u.plan, u.time_window, u.ai_model, p.part
) as used
where share > seen

-- name: learn_cells
-- Pairs of an early and a late window of the same customer, by their two bins: what tells spread between customers
-- from spread within. Pairs without any use do not count.
select a.segment, a.plan, a.time_window, a.ai_model, a.low, a.high, b.low as other_low, b.high as other_high,
       sum(a.windows * b.windows) as pairs, count(*) as customers
from learn_bins as a
join learn_bins as b on a.i = b.i and a.time_window = b.time_window and a.ai_model = b.ai_model
where a.part = 1 and b.part = 2 and a.low + b.low > 0
group by a.segment, a.plan, a.time_window, a.ai_model, a.low, a.high, b.low, b.high

-- name: windows
-- Cells of too few customers are put together in one without bins.
select segment, plan, time_window, ai_model, low, high, other_low, other_high, pairs, customers
from learn_cells where customers >= {least}
union all
select segment, plan, time_window, ai_model, cast(null as bigint) as low, cast(null as bigint) as high,
       cast(null as bigint) as other_low, cast(null as bigint) as other_high, sum(pairs) as pairs,
       cast(null as bigint) as customers
from learn_cells where customers < {least}
group by segment, plan, time_window, ai_model having sum(customers) >= {least}

-- name: activity
-- Of the sampled customers who were seen: days watched and used, spells of use, hours known.
select segment, plan, count(*) as customers, sum(days) as days, sum(used) as used_days, sum(spells) as spells,
       sum(spelled_days) as spelled_days
from (
  select d.i, d.segment, d.plan, max(d.days) as days, count(distinct d.d) as used, max(s.spells) as spells,
         max(s.spelled_days) as spelled_days
  from learn_detail as d
  left join (
    select i, count(distinct d * 5 + spell) as spells, count(distinct d) as spelled_days from learn_spelled group by i
  ) as s on d.i = s.i
  group by d.i, d.segment, d.plan
) as each_customer
group by segment, plan having count(*) >= {least}

-- name: units
-- All customers by plan: how many, how long they were watched.
select segment, plan, count(*) as customers, sum(days) as days,
       sum(case when place <= {sample} and days >= 2 then 1 else 0 end) as sampled
from learn_spans group by segment, plan having count(*) >= {least}

-- name: totals
select s.segment, s.plan, t.ai_model, count(*) as customers, sum(t.requests) as requests,
       sum(t.input_tokens) as input_tokens, sum(t.cached_tokens) as cached_tokens, sum(t.output_tokens) as output_tokens
from learn_totals as t join learn_spans as s on t.i = s.i
group by s.segment, s.plan, t.ai_model having count(*) >= {least}

-- name: concentration
-- Customers by their requests a month of 730 hours, two bins an octave: bin b holds 2^(b/2) up to 2^((b+1)/2).
select segment, plan, bin, count(*) as customers, sum(monthly) as requests
from (
  select segment, plan, monthly, cast(floor(2 * ln(monthly) / 0.6931471805599453 + 0.000000001) as bigint) as bin
  from (
    select s.segment, s.plan, s.i, sum(t.requests) * 730.0 / 24.0 / max(s.days) as monthly
    from learn_totals as t join learn_spans as s on t.i = s.i
    where s.days >= 28 group by s.segment, s.plan, s.i
  ) as rates
  where monthly > 0
) as binned
group by segment, plan, bin having count(*) >= {least}

-- name: hours
select segment, plan, hour, count(distinct i) as customers, sum(n) as requests
from learn_detail where hour is not null
group by segment, plan, hour having count(distinct i) >= {least}

-- name: plans
-- Subscriptions on the last day of the log, or on the last day that a subscription started or ended.
select s.segment, s.plan, s.billing, count(*) as customers, sum(s.quantity) as seats, sum(s.price * s.quantity) as revenue,
       case when sum(s.trial) between 1 and {least} - 1 then null else sum(s.trial) end as trials
from learn_spells as s cross join learn_as_of as d
where s.started <= d.as_of and (s.ended is null or s.ended > d.as_of)
group by s.segment, s.plan, s.billing having count(*) >= {least}

-- name: learn_events
-- Who came to a plan and who left it, in the days watched: from or to another plan within a week, or none.
select segment, plan, kind, other, count(*) as customers
from (
  select segment, plan, 'ended' as kind, ended as day,
         case when next_start is not null and date_diff('day', ended, next_start) <= 7 then next_plan else 'none' end as other
  from learn_neighbours where ended is not null
  union all
  select segment, plan, 'started' as kind, started as day,
         case when ended_before is not null and date_diff('day', ended_before, started) <= 7 then plan_before
              else 'none' end as other
  from learn_neighbours
) as events cross join learn_as_of as d
where day > d.watched_from and day <= d.as_of
group by segment, plan, kind, other

-- name: flows
-- Ways of too few customers are put together as (few).
select segment, plan, kind, other, customers from learn_events where customers >= {least}
union all
select segment, plan, kind, '(few)' as other, sum(customers) as customers from learn_events where customers < {least}
group by segment, plan, kind having sum(customers) >= {least}

-- name: exposure
-- Months that customers spent on each plan while watched.
select s.segment, s.plan, count(*) as customers,
       sum(date_diff('day', greatest(s.started, d.watched_from), least(coalesce(s.ended, d.as_of), d.as_of)))
         * 24.0 / 730.0 as months
from learn_spells as s cross join learn_as_of as d
where s.started < d.as_of and (s.ended is null or s.ended > d.watched_from)
group by s.segment, s.plan having count(*) >= {least}

-- name: learn_ages
-- Months that a customer held a plan while watched, from the first whole one to the last.
select segment, plan, billing, ended, as_of,
       date_diff('day', started, least(coalesce(ended, as_of), as_of)) * 24.0 / 730.0 as held,
       date_diff('day', started, as_of) * 24.0 / 730.0 as seen,
       date_diff('day', started, watched_from) * 24.0 / 730.0 as unwatched
from learn_spells cross join learn_as_of where started < as_of

-- name: retention
-- Of those who had held a plan for some whole months while watched: how many left in the month after.
select segment, plan, billing, age, count(*) as customers,
       case when sum(gone) between 1 and {least} - 1 then null else sum(gone) end as ended
from (
  select a.segment, a.plan, a.billing, m.age,
         case when a.ended is not null and a.ended <= a.as_of and a.held < m.age + 1 then 1 else 0 end as gone
  from learn_ages as a join (values {ages}) as m(age)
    on m.age <= a.held and m.age + 1 <= a.seen and m.age >= a.unwatched
) as lived
group by segment, plan, billing, age having count(*) >= {least}
