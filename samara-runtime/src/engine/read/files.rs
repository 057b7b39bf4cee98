//! From a location to the parts of files that are read side by side.

use std::fs;
use std::path::{Path, PathBuf};

use crate::engine::read::ReadError;

/// A part of a file, from one line's beginning to another's. `start` and `end` are bytes: a part begins with the first line that begins at or
/// after `start` (`start` itself, for 0), and its last line begins before `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub path: PathBuf,
    pub start: u64,
    pub end: u64,
}

/// Files smaller than this are not worth a second reader.
const SMALLEST_PART: u64 = 4 * 1024 * 1024;

/// The data files at a location: a file, all files below a directory, or what a glob pattern matches.
///
/// Names that begin with `_` or `.` are left out (Spark, `HadoopFSUtils.shouldFilterOutPathName`), unless the location names the file itself.
pub(crate) fn list(location: &str) -> Result<Vec<PathBuf>, ReadError> {
    let path = Path::new(location);
    let mut files = Vec::new();
    if path.exists() {
        collect(path, &mut files)?;
    } else if location.contains(['*', '?', '[', '{']) {
        for path in matches(location)? {
            collect(&path, &mut files)?;
        }
    } else {
        return Err(no_input(location, "there is no such file or directory"));
    }
    files.sort();
    Ok(files)
}

fn matches(pattern: &str) -> Result<Vec<PathBuf>, ReadError> {
    let found = glob::glob(pattern)
        .map_err(|error| no_input(pattern, &format!("the pattern is not valid: {error}")))?;
    let found: Vec<PathBuf> = found
        .map(|path| {
            path.map_err(|error| ReadError::Io {
                path: error.path().to_owned(),
                source: error.into(),
            })
        })
        .collect::<Result<_, _>>()?;
    let found: Vec<PathBuf> = found.into_iter().filter(|path| !is_hidden(path)).collect();
    if found.is_empty() {
        Err(no_input(pattern, "the pattern matches no file"))
    } else {
        Ok(found)
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let io = |source| ReadError::Io {
        path: path.to_owned(),
        source,
    };
    if !fs::metadata(path).map_err(io)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?.path();
        if !is_hidden(&entry) {
            collect(&entry, files)?;
        }
    }
    Ok(())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        name.as_encoded_bytes().starts_with(b"_") || name.as_encoded_bytes().starts_with(b".")
    })
}

fn no_input(location: &str, why: &str) -> ReadError {
    ReadError::NoInput {
        location: location.to_owned(),
        why: why.to_owned(),
    }
}

/// Shares the files out among at most `readers` groups of about equal size, large files in several parts.
pub(crate) fn share_out(files: Vec<PathBuf>, readers: usize) -> Result<Vec<Vec<Part>>, ReadError> {
    let sized = files.into_iter().map(|path| match fs::metadata(&path) {
        Ok(metadata) => Ok((path, metadata.len())),
        Err(source) => Err(ReadError::Io { path, source }),
    });
    let sized: Vec<(PathBuf, u64)> = sized.collect::<Result<_, _>>()?;
    let total: u64 = sized.iter().map(|(_, size)| size).sum();
    let target = (total / readers.max(1) as u64 + 1).max(SMALLEST_PART);
    let mut groups = vec![Vec::new()];
    let mut room = target;
    for (path, size) in sized {
        let mut start = 0_u64;
        loop {
            let end = size.min(start.saturating_add(room));
            if let Some(group) = groups.last_mut() {
                group.push(Part {
                    path: path.clone(),
                    start,
                    end,
                });
            }
            room -= end - start;
            start = end;
            if room == 0 {
                groups.push(Vec::new());
                room = target;
            }
            if start >= size {
                break;
            }
        }
    }
    groups.retain(|group| !group.is_empty());
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_gives_its_data_files_and_no_hidden_ones() {
        let dir = std::env::temp_dir().join(format!("samara-files-{}", std::process::id()));
        fs::create_dir_all(dir.join("year=2024")).unwrap();
        for name in [
            "b.csv",
            "a.csv",
            "_SUCCESS",
            ".a.csv.crc",
            "year=2024/c.csv",
        ] {
            fs::write(dir.join(name), "").unwrap();
        }
        let names = |location: &str| -> Vec<String> {
            let strip = |path: PathBuf| {
                path.strip_prefix(&dir)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            };
            list(location).unwrap().into_iter().map(strip).collect()
        };
        let root = dir.to_str().unwrap();
        assert_eq!(names(root), ["a.csv", "b.csv", "year=2024/c.csv"]);
        assert_eq!(names(&format!("{root}/*.csv")), ["a.csv", "b.csv"]);
        assert!(
            list(&format!("{root}/*.txt"))
                .unwrap_err()
                .to_string()
                .contains("matches no file")
        );
        assert!(
            list(&format!("{root}/none.csv"))
                .unwrap_err()
                .to_string()
                .contains("no such file")
        );
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_large_file_is_shared_among_all_readers() {
        let path = std::env::temp_dir().join(format!("samara-share-{}", std::process::id()));
        fs::File::create(&path)
            .unwrap()
            .set_len(10 * SMALLEST_PART)
            .unwrap();
        let groups = share_out(vec![path.clone()], 4).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(groups.len(), 4);
        let parts: Vec<_> = groups.into_iter().flatten().collect();
        assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!(parts.last().unwrap().end, 10 * SMALLEST_PART);
    }
}
