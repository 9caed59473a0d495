//! Whether the process of a run is still there.

use std::path::PathBuf;

/// What became of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Alive,
    Gone,
    /// It is, or was, somewhere that cannot be seen from here.
    Unknown,
}

/// The name of this machine, by which runs tell where they ran.
pub fn host_name() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .or_else(|| answer("uname", &["-n"]));
    let name = told.map(|name| name.trim().to_owned()).unwrap_or_default();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

/// What distinguishes a process from later ones with the same number; none where the system does not tell.
pub(crate) fn mark(pid: u32) -> Option<String> {
    if cfg!(target_os = "linux") {
        let started = linux::started(pid)?;
        Some(format!("{} {} {started}", linux::boot()?, linux::namespace()?))
    } else if cfg!(unix) {
        Some(
            answer("ps", &["-o", "lstart=", "-p", &pid.to_string()])?
                .trim()
                .to_owned(),
        )
        .filter(|mark| !mark.is_empty())
    } else {
        None
    }
}

/// What became of the process that had this number and mark on that host.
pub(crate) fn fate(host: &str, pid: u32, mark: Option<&str>) -> Fate {
    let Some(known) = mark else { return Fate::Unknown };
    if host != host_name() {
        return Fate::Unknown;
    }
    if cfg!(target_os = "linux") {
        let parts: Vec<&str> = known.split(' ').collect();
        let ([boot, namespace, started], Some(this_boot), Some(here)) = (&parts[..], linux::boot(), linux::namespace())
        else {
            return Fate::Unknown;
        };
        let restarted = *boot != this_boot;
        if !restarted && *namespace != here {
            Fate::Unknown
        } else if !restarted && linux::started(pid).as_deref() == Some(*started) {
            Fate::Alive
        } else {
            Fate::Gone
        }
    } else if self::mark(std::process::id()).is_none() {
        Fate::Unknown
    } else if self::mark(pid).as_deref() == Some(known) {
        Fate::Alive
    } else {
        Fate::Gone
    }
}

fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new(program).args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()
}

/// `/proc`, where there is one.
mod linux {
    use super::PathBuf;
    use std::fs::{read_link, read_to_string};

    /// Another one after every start of the machine.
    pub fn boot() -> Option<String> {
        Some(
            read_to_string("/proc/sys/kernel/random/boot_id")
                .ok()?
                .trim()
                .to_owned(),
        )
    }

    /// In which set of processes the numbers are counted: containers have their own.
    pub fn namespace() -> Option<String> {
        Some(read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
    }

    /// When it started, in ticks since the machine did; none if it has ended.
    pub fn started(pid: u32) -> Option<String> {
        let status = read_to_string(PathBuf::from("/proc").join(pid.to_string()).join("stat")).ok()?;
        // The program's name, in parentheses, may hold anything. The state follows it as field 3, the start is field 22.
        let fields: Vec<&str> = status.rsplit_once(')')?.1.split_whitespace().collect();
        let ended = matches!(*fields.first()?, "Z" | "X");
        if ended {
            None
        } else {
            Some((*fields.get(19)?).to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_its_likes_are_not() {
        let (host, pid) = (host_name(), std::process::id());
        let own = mark(pid).unwrap();
        assert_eq!(fate(&host, pid, Some(&own)), Fate::Alive);
        assert_eq!(fate("elsewhere", pid, Some(&own)), Fate::Unknown);
        assert_eq!(fate(&host, pid, None), Fate::Unknown);
        // The same number, started at another time.
        let earlier = format!("{own}0");
        assert_eq!(fate(&host, pid, Some(&earlier)), Fate::Gone);
    }

    #[test]
    fn an_ended_process_is_gone_even_before_it_is_reaped() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let (host, pid) = (host_name(), child.id());
        let known = mark(pid).unwrap();
        assert_eq!(fate(&host, pid, Some(&known)), Fate::Alive);
        child.kill().unwrap();
        let ended = (0..500).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            !cfg!(target_os = "linux") || fate(&host, pid, Some(&known)) == Fate::Gone
        });
        assert!(ended);
        child.wait().unwrap();
        assert_eq!(fate(&host, pid, Some(&known)), Fate::Gone);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_ran_before_the_machine_restarted_is_gone() {
        let own = mark(std::process::id()).unwrap();
        let (_, rest) = own.split_once(' ').unwrap();
        let before = format!("00000000-0000-0000-0000-000000000000 {rest}");
        assert_eq!(fate(&host_name(), std::process::id(), Some(&before)), Fate::Gone);
        let boot = linux::boot().unwrap();
        let container = format!("{boot} pid:[1] 1");
        assert_eq!(fate(&host_name(), std::process::id(), Some(&container)), Fate::Unknown);
    }
}
