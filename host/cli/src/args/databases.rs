//! Looking into databases.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{Language, ModeArgument};

const DISCOVER_EXAMPLES: &str = "\
Examples:
  tenon discover warehouse
  tenon discover postgres://etl@db.example.com/shop --schema sales --columns
  tenon discover sqlite:shop.db --table 'order*' --json";

/// `tenon discover`
#[derive(Debug, Args)]
#[command(after_help = DISCOVER_EXAMPLES)]
pub struct DiscoverArguments {
    /// The name of a stored connection, or the URL of a database
    #[arg(value_name = "CONNECTION|URL")]
    pub database: String,

    /// Only tables in this schema [default: all but the system's]
    #[arg(long)]
    pub schema: Option<String>,

    /// Only tables whose names fit: `*` stands for any text, `?` for any character
    #[arg(long, value_name = "PATTERN")]
    pub table: Option<String>,

    /// Show the columns too, with the types that they are read as
    #[arg(long)]
    pub columns: bool,

    /// Show the schemas, and no tables
    #[arg(long, conflicts_with_all = ["schema", "table", "columns"])]
    pub schemas: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

const COPY_EXAMPLES: &str = "\
Examples:
  tenon copy warehouse ./lake/
  tenon copy postgres://etl@db.example.com/shop ./lake/ --schema sales --exclude 'tmp_*'
  tenon copy warehouse mysql://etl@other.example.com/copy --table orders --table 'customer*'
  tenon copy warehouse ./lake/ --dry-run       # writes the job file and copies nothing

The job file holds no password: a URL with one becomes `${env:SOURCE_URL}` or `${env:TARGET_URL}`.";

const GENERATE_EXAMPLES: &str = "\
Examples:
  tenon generate --from connection:warehouse#sales.orders --to ./lake/orders/
  tenon generate --from orders.csv --to postgres://etl@db.example.com/shop#orders
  tenon generate --from connection:warehouse#sales.orders --to ./lake/orders/ --lang python orders";

/// `tenon copy`
#[derive(Debug, Args)]
#[command(after_help = COPY_EXAMPLES)]
pub struct CopyArguments {
    /// Where the tables are: the name of a stored connection, or the URL of a database
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// Where they go: a folder, which gets a folder of Parquet for each table, or a database
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub target: String,

    /// Only tables of this schema
    #[arg(long)]
    pub schema: Option<String>,

    /// Only tables whose names fit this pattern; may be given several times, and names views too
    #[arg(long, value_name = "PATTERN")]
    pub table: Vec<String>,

    /// No tables whose names fit this pattern; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,

    /// Where the job file goes [default: copy.toml]
    #[arg(long, value_name = "FILE", default_value = "copy.toml", hide_default_value = true)]
    pub job: PathBuf,

    /// Replace a job file that is there
    #[arg(long)]
    pub replace: bool,

    /// Write the job file and stop
    #[arg(long)]
    pub dry_run: bool,
}

/// `tenon generate`
#[derive(Debug, Args)]
#[command(after_help = GENERATE_EXAMPLES)]
pub struct GenerateArguments {
    /// Where rows come from: files, or a table such as `connection:warehouse#sales.orders`
    #[arg(long, value_name = "SOURCE")]
    pub from: String,

    /// Where they go: files, or a table, which need not be there
    #[arg(long, value_name = "TARGET")]
    pub to: String,

    /// What to do when the target already holds data
    #[arg(long, value_enum, default_value_t = ModeArgument::Error)]
    pub mode: ModeArgument,

    /// Write the mapping as a function in this language, in a project of its own
    #[arg(long, value_enum)]
    pub lang: Option<Language>,

    /// The name of the job, or the project's folder
    #[arg(default_value = "generated")]
    pub name: String,
}
