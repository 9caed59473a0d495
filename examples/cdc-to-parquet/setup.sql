-- A bank of 1,000 accounts, made up. The server needs `wal_level = logical`.
create schema bank;

create table bank.accounts (
    id integer primary key,
    owner text not null,
    balance numeric(14, 2) not null,
    opened date not null
);

insert into bank.accounts
select n, 'Owner ' || n, n * 10, date '2020-01-01' + n
from generate_series(1, 1000) n;
