//! What a job may have its sandboxes use: as much as the server's settings say, and no more.

use tenon_runtime::Limits;

/// The limits of a job within those of the server. What the job says nothing of becomes the server's, where that is less.
///
/// # Errors
/// Names the limit of which the job asks for more.
pub(super) fn within(asked: &Limits, most: &Limits) -> Result<Limits, String> {
    let defaults = Limits::default();
    let mut held = asked.clone();
    macro_rules! hold {
        ($($field:ident as $name:literal),* $(,)?) => {
            // All of them: a new one does not compile until it is held, too.
            let Limits { $($field),* } = &mut held;
            $(
                if *$field > most.$field {
                    if *$field > defaults.$field {
                        return Err(format!(
                            "`limits.{}` of the job is {}, and this server allows {} at most; its operator sets \
                             `sandboxes.limits.{}`",
                            $name, $field, most.$field, stringify!($field),
                        ));
                    }
                    *$field = most.$field;
                }
            )*
        };
    }
    hold!(
        memory as "memory",
        table_elements as "table_elements",
        cpu_per_call_ms as "cpu_per_call",
        cpu_per_run_ms as "cpu_per_run",
        wall_per_call_ms as "wall_per_call",
        wall_per_job_ms as "wall_per_job",
        handles as "handles",
        held_bytes as "held_bytes",
        call_bytes as "call_bytes",
        out_bytes as "out_bytes",
        log_bytes as "log_bytes",
        state_bytes as "state_bytes",
    );
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_gets_no_more_than_the_server_allows() {
        let most = Limits {
            memory: 64 << 20,
            cpu_per_call_ms: 60_000,
            ..Limits::default()
        };
        let said_nothing = within(&Limits::default(), &most).expect("it says nothing");
        assert_eq!(said_nothing.memory, 64 << 20);
        assert_eq!(said_nothing.cpu_per_call_ms, 30_000);
        let less = Limits {
            memory: 1 << 20,
            cpu_per_call_ms: 50_000,
            ..Limits::default()
        };
        assert_eq!(within(&less, &most), Ok(less));
        let more = Limits {
            held_bytes: 1 << 40,
            ..Limits::default()
        };
        let refused = within(&more, &most).expect_err("it is more");
        assert!(
            refused.contains("limits.held_bytes") && refused.contains("1073741824"),
            "{refused}"
        );
    }
}
