//! Whether sources, steps and sinks fit together.

use std::collections::{BTreeMap, BTreeSet};

use crate::nearest::suggestion;
use crate::node::Table;
use crate::sections::{MAX_BYTES, MAX_FILES};
use crate::sql::{TableName, tables};
use crate::{Document, Job, Node, Problem, SinkInput, Span, Step};

/// Checks a job's graph and collects what is wrong with it.
pub(crate) struct Graph<'a> {
    /// The resolved tree, for places, and for the names of what could not be read.
    pub root: &'a Node,
    pub document: Option<&'a Document>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

impl<'a> Graph<'a> {
    /// Fills in what SQL steps read, and checks everything.
    pub fn check(&mut self, job: &mut Job) {
        self.check_duplicates();
        let known: Vec<&'a str> = self.names("sources").chain(self.names("steps")).collect();
        for (name, step) in &mut job.steps {
            match step {
                Step::Sql(step) => self.find_tables(name, &step.sql, &mut step.inputs, &known),
                other => {
                    let inputs = other.inputs();
                    inputs
                        .iter()
                        .enumerate()
                        .for_each(|(index, input)| self.check_input(name, other, index, input.from, &known));
                }
            }
        }
        self.check_unread(job, &known);
        self.check_sinks(job, &known);
        self.check_cycles(job);
        if job.settings.stream.is_some() {
            self.check_stream(job);
        }
        if self.problems.is_empty() {
            self.check_caps(job);
        }
        if self.has_script() {
            self.check_script();
        } else if self.problems.is_empty() {
            self.warn_of_unused(job);
        }
    }

    fn names(&self, section: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.root
            .get(section)
            .and_then(Node::as_table)
            .into_iter()
            .flat_map(Table::keys)
    }

    fn key(&self, section: &str, name: &str) -> Option<Span> {
        self.root.get(section)?.as_table()?.entry(name)?.key_span
    }

    fn at(&self, path: &[&str]) -> Option<Span> {
        self.root.find(path)?.span()
    }

    fn check_duplicates(&mut self) {
        let sources: Vec<_> = self.names("sources").map(|name| ("source", "sources", name)).collect();
        let steps: Vec<_> = self.names("steps").map(|name| ("step", "steps", name)).collect();
        let mut seen: BTreeMap<String, (&str, &str)> = BTreeMap::new();
        for (what, section, name) in sources.into_iter().chain(steps) {
            let Some((other, first)) = seen.insert(name.to_lowercase(), (what, name)) else {
                continue;
            };
            let message = if first == name {
                format!("there is a {other} and a {what} called `{name}`; give one of them another name")
            } else {
                format!("the {other} `{first}` and the {what} `{name}` differ in capitals only, which SQL ignores")
            };
            self.problems.push(
                Problem::new(message)
                    .at(self.key(section, name))
                    .under(name)
                    .under(section),
            );
        }
    }

    fn check_input(&mut self, name: &str, step: &Step, index: usize, input: &str, known: &[&str]) {
        if known.contains(&input) {
            return;
        }
        let at = match (step, index) {
            (Step::Union(_), _) => {
                let union = self.root.find(&["steps", name, "union"]);
                let list = union.map(|union| union.get("of").unwrap_or(union));
                match list.map(Node::value) {
                    Some(crate::Value::List(items)) => items.get(index).and_then(Node::span),
                    _ => None,
                }
            }
            (Step::Join(_), 1) => self.at(&["steps", name, "join", "with"]),
            _ => self.at(&["steps", name, "from"]),
        };
        self.dangling(input, known, at, &["steps", name]);
    }

    /// What a run leaves because of a cap is for the next one to read.
    fn check_caps(&mut self, job: &Job) {
        for (name, source) in &job.sources {
            let caps = [
                (MAX_FILES, source.max_files.is_some()),
                (MAX_BYTES, source.max_bytes.is_some()),
            ];
            let Some((cap, _)) = caps.into_iter().find(|(_, is_set)| *is_set) else {
                continue;
            };
            if !job.bookmarked(name) {
                let message = format!("`{cap}` needs `bookmark = true`: what is left would never be read");
                let problem = Problem::new(message).at(self.at(&["sources", name.as_str(), cap]));
                self.problems
                    .push(problem.under(cap).under(name.as_str()).under("sources"));
            }
        }
    }

    /// Steps and sinks that could not be read still say what they read.
    fn check_unread(&mut self, job: &Job, known: &[&str]) {
        let steps = self
            .names("steps")
            .filter(|name| !job.steps.contains_key(*name))
            .map(|name| ("steps", name));
        let sinks = self
            .names("sinks")
            .filter(|name| !job.sinks.contains_key(*name))
            .map(|name| ("sinks", name));
        for (section, name) in steps.chain(sinks).collect::<Vec<_>>() {
            if let Some(from) = self.root.find(&[section, name, "from"])
                && let Some(input) = from.as_str()
                && !known.contains(&input)
            {
                self.dangling(input, known, from.span(), &[section, name]);
            }
        }
    }

    fn dangling(&mut self, input: &str, known: &[&str], at: Option<Span>, path: &[&str]) {
        let message = if self.names("sinks").any(|sink| sink == input) {
            format!("`{input}` is a sink; only sources and steps can be read")
        } else {
            format!("there is no source and no step `{input}`; {}", suggestion(input, known))
        };
        let problem = path
            .iter()
            .rev()
            .fold(Problem::new(message).at(at), |problem, key| problem.under(*key));
        self.problems.push(problem);
    }

    /// The step's inputs become complete: every table of its query, by the name that DataFusion looks up.
    fn find_tables(&mut self, name: &str, sql: &str, inputs: &mut BTreeMap<String, String>, known: &[&str]) {
        // A reference that could not be put in has been reported.
        let unresolved = sql.contains("${") && !self.problems.is_empty();
        let at = self.at(&["steps", name, "sql"]);
        let found = match tables(sql) {
            Ok(found) => found,
            Err(_) if unresolved => return,
            Err(message) => {
                let problem = Problem::new(format!("this SQL can't be read: {message}")).at(at);
                self.problems.push(problem.under("sql").under(name).under("steps"));
                return;
            }
        };
        let named = std::mem::take(inputs);
        for (alias, from) in &named {
            if !found.iter().any(|table| table.is(alias)) {
                let message = format!("the query names no table `{alias}`");
                let entry = self
                    .root
                    .find(&["steps", name, "inputs"])
                    .and_then(|inputs| inputs.as_table()?.entry(alias));
                let problem = Problem::new(message).at(entry.and_then(|entry| entry.key_span));
                self.problems.push(problem.under("inputs").under(name).under("steps"));
            }
            if !known.contains(&from.as_str()) {
                self.dangling(
                    from,
                    known,
                    self.at(&["steps", name, "inputs", alias]),
                    &["steps", name, "inputs"],
                );
            }
        }
        for table in found {
            let alias = named
                .iter()
                .find(|(alias, _)| table.is(alias))
                .map(|(_, from)| from.as_str());
            match alias.or_else(|| known.iter().copied().find(|known| table.is(known))) {
                Some(from) => {
                    inputs.insert(table.folded(), from.to_owned());
                }
                None => self.dangling_table(name, &table, known, at),
            }
        }
    }

    fn dangling_table(&mut self, name: &str, table: &TableName, known: &[&str], at: Option<Span>) {
        let at = self
            .document
            .and_then(|document| document.find_word(at, &table.written))
            .or(at);
        self.dangling(&table.written, known, at, &["steps", name, "sql"]);
    }

    /// Also where the section could not be read, which is a problem of its own.
    fn has_script(&self) -> bool {
        self.root.get("script").is_some()
    }

    /// A component that drives the job makes its own steps and sinks.
    fn check_script(&mut self) {
        for section in ["steps", "sinks", "functions"] {
            if self.names(section).next().is_some() {
                let message = format!("the job has a script, which makes its own {section}");
                let at = self.root.get(section).and_then(Node::span);
                let problem = Problem::new(message).at(at).under(section);
                self.problems
                    .push(problem.help(format!("remove [{section}], or [script]")));
            }
        }
    }

    /// Micro-batches go on where the one before has ended.
    fn check_stream(&mut self, job: &Job) {
        let at = self.at(&["stream"]);
        if self.has_script() {
            let message =
                "the job has a script, which decides itself what it reads, so it can't be run in micro-batches";
            let problem = Problem::new(message).at(at).under("stream");
            self.problems.push(problem.help("remove [stream], or [script]"));
            return;
        }
        if matches!(
            self.root.get("bookmark").map(Node::value),
            Some(crate::Value::Bool(false))
        ) {
            let message = "`bookmark = false` has every run read everything, and micro-batches read only what is new";
            let problem = Problem::new(message).at(self.at(&["bookmark"])).under("bookmark");
            let advice =
                "remove [stream], or say `bookmark = false` in the sources that each micro-batch reads as a whole";
            self.problems.push(problem.help(advice));
        } else if !job.sources.is_empty() && !job.sources.keys().any(|source| job.bookmarked(source)) {
            let message = "micro-batches read only what is new, and each source of the job says `bookmark = false`";
            let problem = Problem::new(message).at(at).under("stream");
            self.problems
                .push(problem.help("remove [stream], or leave `bookmark = false` out of a source"));
        }
    }

    fn check_sinks(&mut self, job: &Job, known: &[&str]) {
        if !self.has_script() && self.names("sinks").next().is_none() {
            let problem = Problem::new("the job has no sink, so it would do nothing");
            let at = self.root.get("sinks").map_or(self.root.span(), Node::span);
            self.problems
                .push(problem.at(at).help("add a table [sinks.NAME] with `from`"));
        }
        let mut rejects: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, sink) in &job.sinks {
            let input = sink.input.name();
            let key = match &sink.input {
                SinkInput::From(_) => "from",
                SinkInput::RejectsOf(_) => "rejects_of",
            };
            let at = self.at(&["sinks", name, key]);
            let of_sink =
                |(other, sink): (&String, &crate::Sink)| other == input && matches!(sink.input, SinkInput::From(_));
            let is_sink = key == "rejects_of" && job.sinks.iter().any(of_sink);
            if !known.contains(&input) && !is_sink {
                self.dangling(input, known, at, &["sinks", name, key]);
            } else if key == "rejects_of"
                && let Some(first) = rejects.insert(input, name)
            {
                let message = format!("the rejects of `{input}` go to the sink `{first}` already");
                self.problems
                    .push(Problem::new(message).at(at).under(name).under("sinks"));
            }
        }
    }

    fn check_cycles(&mut self, job: &Job) {
        let mut done = BTreeSet::new();
        for name in job.steps.keys() {
            self.walk(job, name, &mut Vec::new(), &mut done);
        }
    }

    fn walk<'j>(&mut self, job: &'j Job, name: &'j str, path: &mut Vec<&'j str>, done: &mut BTreeSet<&'j str>) {
        if let Some(start) = path.iter().position(|step| *step == name) {
            // As data flows: each step after the one that it reads.
            let mut cycle: Vec<_> = path[start..].iter().rev().copied().collect();
            cycle.rotate_right(1);
            cycle.push(cycle[0]);
            let reader = path[path.len() - 1];
            let at = self
                .at(&["steps", reader, "from"])
                .or_else(|| self.key("steps", reader));
            let message = match cycle.as_slice() {
                [only, _] => format!("the step `{only}` reads itself"),
                _ => format!("these steps read each other in a circle: {}", cycle.join(" -> ")),
            };
            self.problems
                .push(Problem::new(message).at(at).under(reader).under("steps"));
            return;
        }
        let Some(step) = job.steps.get(name) else { return };
        if done.contains(name) {
            return;
        }
        path.push(name);
        for input in step.inputs() {
            self.walk(job, input.from, path, done);
        }
        path.pop();
        done.insert(name);
    }

    fn warn_of_unused(&mut self, job: &Job) {
        let mut used = BTreeSet::new();
        let mut open: Vec<&str> = job.sinks.values().map(|sink| sink.input.name()).collect();
        while let Some(name) = open.pop() {
            if used.insert(name)
                && let Some(step) = job.steps.get(name)
            {
                open.extend(step.inputs().iter().map(|input| input.from));
            }
        }
        let sources = job.sources.keys().map(|name| ("source", "sources", name));
        let steps = job.steps.keys().map(|name| ("step", "steps", name));
        for (what, section, name) in sources
            .chain(steps)
            .filter(|(_, _, name)| !used.contains(name.as_str()))
        {
            let message = format!("the {what} `{name}` leads to no sink, so it is not run");
            self.warnings.push(
                Problem::new(message)
                    .at(self.key(section, name))
                    .under(name.as_str())
                    .under(section),
            );
        }
    }
}
