//! Runs that write to a local disk.

use std::fs;

use super::{FEW, MANY, Victim, kills, rows_of, table, visible_rows};
use crate::dice::Dice;
use crate::place::Place;

/// A job that writes a file to a folder of many and to a single one.
fn job(place: &Place, input: &str) {
    let text = format!(
        "name = \"copy\"\nsources.rows.url = \"{input}\"\n\
         [sinks.lake]\nfrom = \"rows\"\nurl = \"lake/\"\npartition_by = [\"part\"]\nmode = \"overwrite\"\n\
         [sinks.one]\nfrom = \"rows\"\nurl = \"one.parquet\"\nmode = \"overwrite\"\n"
    );
    fs::write(place.path("copy.toml"), text).expect("written");
}

#[test]
fn a_run_that_is_killed_shows_no_half_and_is_repeated() {
    let mut dice = Dice::new("a killed run that writes to a disk");
    let place = Place::new();
    fs::write(place.path("many.csv"), table(MANY)).expect("written");
    fs::write(place.path("few.csv"), table(FEW)).expect("written");
    let (lake, one) = (place.path("lake"), place.path("one.parquet"));
    let start = || place.command(&["run", "copy.toml", "--json"]);
    let hidden = |ending: &str| {
        let names = place.names("lake").into_iter();
        names
            .filter(|name| name.starts_with(".tenon-") && name.ends_with(ending))
            .count()
    };
    // That sink is the last one.
    let is_prepared = || {
        let mut names = place.names("").into_iter();
        names.any(|name| name.starts_with(".one.parquet.tenon-") && name.ends_with(".prepared"))
    };

    job(&place, "many.csv");
    let victim = Victim::measured(&start, &is_prepared);
    assert_eq!((visible_rows(&lake), rows_of(&one)), (MANY, MANY));
    let (kills, mut cut_short) = (kills(), 0);
    for number in 0..kills {
        // Every third one writes to where nothing is.
        let before = if number % 3 == 0 {
            fs::remove_dir_all(&lake).expect("removed");
            fs::remove_file(&one).expect("removed");
            0
        } else {
            job(&place, "few.csv");
            place.tenon(&["run", "copy.toml"]).succeeded();
            FEW
        };
        assert_eq!((visible_rows(&lake), rows_of(&one)), (before, before));
        job(&place, "many.csv");
        victim.kill(number, kills, &mut dice);

        // A file is all old or all new, also one that is overwritten.
        let found = rows_of(&one);
        assert!(
            [before, MANY].contains(&found),
            "{found} rows in one file, kill {number}"
        );
        // So is a folder, but while a journal says that it is not; then Tenon does not read it.
        let found = visible_rows(&lake);
        if hidden(".commit") > 0 {
            cut_short += 1;
            let said = place.tenon(&["preview", "lake/"]).failed(1);
            assert!(said.contains("holds only a part of what the run"), "{said}");
        } else {
            assert!(
                [before, MANY].contains(&found),
                "{found} rows in a folder, kill {number}"
            );
        }

        place.tenon(&["run", "copy.toml"]).succeeded();
        assert_eq!((visible_rows(&lake), rows_of(&one)), (MANY, MANY), "kill {number}");
        assert_eq!(hidden(""), 0, "{:?}", place.names("lake"));
        let left = place.names("").into_iter();
        let left: Vec<String> = left.filter(|name| name.contains("tenon-")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    println!("{kills} kills, {cut_short} of them between the first rename and the last");
}
