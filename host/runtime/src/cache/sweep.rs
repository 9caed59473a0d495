//! Keeping the cache within its size.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Age from which a temporary file was left by a writer that died.
const ABANDONED: Duration = Duration::from_hours(1);

/// Removes the files used longest ago until the rest fits, and what dead writers left.
pub(super) fn sweep(folder: &Path, extension: &str, max_bytes: u64) -> io::Result<()> {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // Another process may remove files at the same time: what is gone is gone.
        let Ok(metadata) = entry.metadata() else { continue };
        let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if path.extension().is_some_and(|found| found == extension) {
            files.push((used, metadata.len(), path));
        } else if entry.file_name().to_string_lossy().starts_with('.')
            && used.elapsed().is_ok_and(|age| age > ABANDONED)
        {
            let _ = fs::remove_file(&path);
        }
    }
    files.sort();
    let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
    for (_, size, path) in files {
        if total <= max_bytes {
            break;
        }
        let _ = fs::remove_file(&path);
        total -= size;
    }
    Ok(())
}
