//! Scripts that mean no good.

use tenon::__private::script::tenon::etl::pipeline;
use tenon::job::Context;
use tenon::{Batch, Error, Result};

pub fn run(ctx: &Context, case: &str) -> Result<()> {
    match case {
        "spin" => loop {
            std::hint::black_box(());
        },
        "panic" => panic!("the script gives up"),
        "hoard" => {
            let orders = ctx.read("orders")?;
            let frames = (0..1_000_000).map(|_| orders.limit(1)).collect::<Result<Vec<_>>>()?;
            Err(Error::internal(format!("{} frames were given", frames.len())))
        }
        "drops" => {
            let orders = ctx.read("orders")?;
            (0..5_000).try_for_each(|_| orders.limit(1).map(drop))
        }
        "long_text" => {
            let predicate = "x".repeat(100 << 20);
            ctx.read("orders")?.filter(&predicate).map(drop)
        }
        "many_texts" => {
            let orders = ctx.read("orders")?;
            orders.project(vec![""; 1_000_000]).map(drop)
        }
        "deep" => {
            let mut frame = ctx.read("orders")?;
            for _ in 0..10_000 {
                frame = frame.limit(1)?;
            }
            Ok(())
        }
        "doubled" => {
            let mut frame = ctx.read("orders")?;
            for _ in 0..60 {
                frame = frame.union(&frame)?;
            }
            Ok(())
        }
        "plans" => {
            let orders = ctx.read("orders")?;
            loop {
                orders.filter("slow")?;
            }
        }
        "floods" => ctx.read("endless")?.collect().map(drop),
        "waits" => ctx.read("forever")?.count().map(drop),
        "breaks_the_planner" => ctx.read("orders")?.filter("panic").map(drop),
        _ => Err(Error::bad_config(format!("there is no case `{case}`"))),
    }
}

/// Asks for a frame, which a function may not.
#[tenon::transform]
fn asks_for_a_frame(batch: Batch) -> Result<Batch> {
    match pipeline::Frame::read("\"orders\"") {
        Ok(_) => Err(Error::internal("a function was given a frame")),
        Err(error) => Err(Error::unsupported(format!("{:?}: {}", error.kind, error.message))),
    }
    .map(|()| batch)
}
