-- A small shop, made up: 1,000 customers and 20,000 orders.
create schema shop;
create type shop.status as enum ('draft', 'paid', 'shipped', 'returned');

create table shop.customers (
    id integer primary key,
    name text not null,
    country char(2) not null,
    signed_up timestamptz not null
);

create table shop.orders (
    id bigint generated always as identity primary key,
    customer_id integer not null references shop.customers,
    status shop.status not null,
    amount numeric(12, 2) not null check (amount >= 0),
    tags text[] not null default '{}',
    details jsonb,
    updated_at timestamptz not null
);
create index on shop.orders (updated_at, id);
comment on column shop.orders.amount is 'In euros, VAT included';

insert into shop.customers
select n, 'Customer ' || n, (array['DE', 'FR', 'IT', 'ES', 'PL'])[n % 5 + 1],
    timestamptz '2024-01-01 00:00:00+00' + n * interval '1 hour'
from generate_series(1, 1000) n;

insert into shop.orders (customer_id, status, amount, tags, details, updated_at)
select n % 1000 + 1, (array['draft', 'paid', 'shipped', 'returned'])[n % 4 + 1]::shop.status, (n * 37 % 100000) / 100.0,
    case when n % 3 = 0 then array['gift', 'express'] else '{}' end, jsonb_build_object('lines', n % 7 + 1),
    timestamptz '2024-06-01 00:00:00+00' + n * interval '1 minute'
from generate_series(1, 20000) n;
