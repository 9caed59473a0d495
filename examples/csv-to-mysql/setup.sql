create table planes (
    tailnum varchar(8) not null primary key,
    built smallint,
    kind varchar(40) not null,
    manufacturer varchar(40) not null,
    model varchar(40) not null,
    engines tinyint not null,
    seats smallint not null,
    noted timestamp not null default current_timestamp,
    constraint one_engine_at_least check (engines between 1 and 4),
    constraint not_a_stadium check (seats < 400)
);
