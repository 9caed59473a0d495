use tenon_metadata::Migrations;

/// Makes the tables of the API, and brings older ones to this version.
pub const MIGRATIONS: Migrations = Migrations {
    component: "api",
    steps: &[
        "create table api_prices (number bigint primary key, prices text not null, version bigint not null)",
        "create table api_readiness (server text primary key, asked bigint not null)",
    ],
};
