//! From a location to the parts of files that are read side by side.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::engine::compression::Compression;
use crate::engine::option::{OptionError, OptionValue};
use crate::engine::read::ReadError;
use crate::engine::text;
use crate::engine::text::zone::Zone;
use crate::error::Result;
use crate::location::{Location, NamePattern};

/// A part of a file, from one line's beginning to another's. `start` and `end` are bytes: a part begins with the first line that begins at or
/// after `start` (`start` itself, for 0), and its last line begins before `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub path: PathBuf,
    pub start: u64,
    pub end: u64,
}

/// How much longer a compressed text may be than it is on disk.
pub(crate) const MOST_COMPRESSED: u64 = 10;

impl Part {
    /// About how many bytes of text there are to read.
    pub fn text_size(&self) -> u64 {
        if self.end < u64::MAX {
            return self.end - self.start;
        }
        let on_disk = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        on_disk.saturating_mul(MOST_COMPRESSED)
    }
}

/// The options that say which files of a location are read.
pub(crate) const OPTIONS: [&str; 4] = [
    "pathGlobFilter",
    "recursiveFileLookup",
    "modifiedBefore",
    "modifiedAfter",
];

/// Which files of a location are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// What the name of a file has to match.
    name: Option<NamePattern>,
    /// Whether the files in all directories below are read, too.
    recursive: bool,
    /// Moments as they are written.
    before: Option<String>,
    after: Option<String>,
    /// The zone of those moments.
    zone: Zone,
}

impl Selection {
    /// Takes an option, if it is one that says which files are read.
    pub fn take(&mut self, option: &OptionValue<'_>) -> Result<bool, OptionError> {
        match option.name.to_lowercase().as_str() {
            "pathglobfilter" => {
                let pattern = NamePattern::parse(option.value);
                self.name = Some(pattern.map_err(|error| option.error(error.to_string()))?);
            }
            "recursivefilelookup" => self.recursive = option.boolean()?,
            "modifiedbefore" => self.before = Some(moment_of(option)?),
            "modifiedafter" => self.after = Some(moment_of(option)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The zone of moments that say none.
    pub fn in_zone(&mut self, zone: Zone) {
        self.zone = zone;
    }

    fn takes(&self, path: &Path) -> Result<bool, ReadError> {
        let name = name_of(path);
        if let Some(pattern) = &self.name
            && !pattern.matches(&name)
        {
            return Ok(false);
        }
        if self.before.is_none() && self.after.is_none() {
            return Ok(true);
        }
        let metadata = fs::metadata(path).and_then(|metadata| metadata.modified());
        let modified = metadata.map_err(|source| io_error(path, source))?;
        let moment = |text: &Option<String>| moment(text.as_deref()?, self.zone);
        Ok(moment(&self.before).is_none_or(|before| modified < before)
            && moment(&self.after).is_none_or(|after| modified > after))
    }
}

/// A text that is a moment, `2024-01-15T10:30:00`, in any zone.
fn moment_of(option: &OptionValue<'_>) -> Result<String, OptionError> {
    match moment(option.value, Zone::UTC) {
        Some(_) => Ok(option.value.to_owned()),
        None => Err(option.error("expected a moment such as 2024-01-15T10:30:00")),
    }
}

fn moment(text: &str, zone: Zone) -> Option<SystemTime> {
    let micros = text::parse_timestamp(text, zone)?;
    let distance = Duration::from_micros(micros.unsigned_abs());
    match micros {
        ..0 => SystemTime::UNIX_EPOCH.checked_sub(distance),
        _ => SystemTime::UNIX_EPOCH.checked_add(distance),
    }
}

/// Files smaller than this are not worth a second reader.
const SMALLEST_PART: u64 = 4 * 1024 * 1024;

/// The data files at a location: a file, the files in a directory, or what a glob pattern matches. None of them is there twice, by whatever
/// names and links it is found.
///
/// As in Spark, files are left out whose names begin with `_` or `.` (`HadoopFSUtils.shouldFilterOutPathName`), even if the location names one of
/// them, and of a directory that is named or matched, only its own files are read.
pub(crate) fn list(location: &Location, selection: &Selection) -> Result<Vec<PathBuf>> {
    let mut found = Found::default();
    for path in roots(location)? {
        found.collect(&path, selection)?;
    }
    let mut files = found.files;
    files.sort();
    match files
        .iter()
        .find(|file| Compression::of_path(file).is_err())
    {
        Some(path) => Err(ReadError::Compressed { path: path.clone() }.into()),
        None => Ok(files),
    }
}

/// The files and directories that a location names.
fn roots(location: &Location) -> Result<Vec<PathBuf>> {
    let path = location.as_path();
    let Some(pattern) = location.pattern()? else {
        return match path.exists() {
            true => Ok(vec![path.to_owned()]),
            false => Err(no_input(location, "there is no such file or directory").into()),
        };
    };
    let found = pattern.matches();
    let found = found.map_err(|(path, source)| ReadError::Io { path, source })?;
    let why = match path.exists() {
        _ if !found.is_empty() => return Ok(found),
        true => {
            "the pattern matches no file; to read the file of that very name, write a backslash before each of `{}[]*?\\` in it"
        }
        false => "the pattern matches no file",
    };
    Err(no_input(location, why).into())
}

/// Files that were found so far.
#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    /// Where those files, and the directories that were looked into, are in truth.
    seen: HashSet<PathBuf>,
}

impl Found {
    /// Adds a file, or the files in a directory.
    fn collect(&mut self, path: &Path, selection: &Selection) -> Result<(), ReadError> {
        if is_dir(path)? {
            return self.collect_entries(path, selection);
        }
        if is_hidden(path) {
            let path = path.display();
            tracing::warn!("`{path}` is not read: its name begins with `_` or `.`");
            return Ok(());
        }
        self.add(path, selection)
    }

    fn collect_entries(&mut self, path: &Path, selection: &Selection) -> Result<(), ReadError> {
        if !self.seen.insert(place_of(path)) {
            return Ok(());
        }
        for entry in entries(path)? {
            if !is_dir(&entry)? {
                self.add(&entry, selection)?;
            } else if selection.recursive {
                self.collect_entries(&entry, selection)?;
            } else {
                refuse_partitions(&entry, &entry, &mut HashSet::new())?;
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, selection: &Selection) -> Result<(), ReadError> {
        if selection.takes(path)? && self.seen.insert(place_of(path)) {
            self.files.push(path.to_owned());
        }
        Ok(())
    }
}

/// Where a path leads, past all links. What the system has no name for, as a pipe that was handed in, is where it says.
fn place_of(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Directories inside a directory are not read, but data files in or below one like `year=2024` would be, by Spark. `nearest` is the one of those
/// that is nearest above, or any other.
fn refuse_partitions(
    path: &Path,
    nearest: &Path,
    seen: &mut HashSet<PathBuf>,
) -> Result<(), ReadError> {
    if !seen.insert(place_of(path)) {
        return Ok(());
    }
    let nearest = if name_of(path).contains('=') {
        path
    } else {
        nearest
    };
    for entry in entries(path)? {
        if is_dir(&entry)? {
            refuse_partitions(&entry, nearest, seen)?;
        } else if name_of(nearest).contains('=') {
            return Err(ReadError::Partitioned {
                path: nearest.to_owned(),
            });
        }
    }
    Ok(())
}

/// What a directory holds and is not hidden, sorted.
fn entries(path: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let io = |source| io_error(path, source);
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?.path();
        if !is_hidden(&entry) {
            entries.push(entry);
        }
    }
    entries.sort();
    Ok(entries)
}

/// Whether a file has content that can be looked at and is still there then: a pipe's is not.
pub(super) fn has_content(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0)
}

/// Whether there is nothing in a file at all. Of a pipe that is not known.
pub(crate) fn is_empty(path: &Path) -> Result<bool, ReadError> {
    let metadata = fs::metadata(path).map_err(|source| io_error(path, source))?;
    Ok(metadata.is_file() && metadata.len() == 0)
}

fn is_dir(path: &Path) -> Result<bool, ReadError> {
    let metadata = fs::metadata(path).map_err(|source| io_error(path, source))?;
    Ok(metadata.is_dir())
}

fn name_of(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

fn is_hidden(path: &Path) -> bool {
    let name = name_of(path);
    (name.starts_with('_') && !name.contains('='))
        || name.starts_with('.')
        || name.ends_with("._COPYING_")
}

fn io_error(path: &Path, source: std::io::Error) -> ReadError {
    ReadError::Io {
        path: path.to_owned(),
        source,
    }
}

fn no_input(location: &Location, why: &str) -> ReadError {
    ReadError::NoInput {
        location: location.text().to_owned(),
        why: why.to_owned(),
    }
}

/// Shares the files out among at most `readers` groups of about equal size, large files in several parts if they may be cut; a compressed
/// one and a pipe can only be read from their beginning.
pub(crate) fn share_out(
    files: Vec<PathBuf>,
    readers: usize,
    may_cut: bool,
) -> Result<Vec<Vec<Part>>, ReadError> {
    let sized = files.into_iter().map(|path| match fs::metadata(&path) {
        Ok(metadata) => Ok((path, metadata)),
        Err(source) => Err(ReadError::Io { path, source }),
    });
    let sized: Vec<(PathBuf, fs::Metadata)> = sized.collect::<Result<_, _>>()?;
    let total: u64 = sized.iter().map(|(_, metadata)| metadata.len()).sum();
    let target = (total / readers.max(1) as u64 + 1).max(SMALLEST_PART);
    let mut groups = vec![Vec::new()];
    let mut room = target;
    for (path, metadata) in sized {
        let size = metadata.len();
        let is_plain = metadata.is_file() && Compression::of_path(&path) == Ok(Compression::None);
        let is_empty = metadata.is_file() && size == 0;
        let mut start = 0_u64;
        loop {
            let end = match may_cut && is_plain {
                true => size.min(start.saturating_add(room)),
                false => size,
            };
            if let Some(group) = groups.last_mut() {
                group.push(Part {
                    path: path.clone(),
                    start,
                    // How long another one is, its content tells.
                    end: if is_plain || is_empty { end } else { u64::MAX },
                });
            }
            room = room.saturating_sub(end - start);
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

    /// A directory with the given empty files.
    fn dir_with(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        dir
    }

    fn names(dir: &tempfile::TempDir, location: &str) -> Result<Vec<String>, String> {
        let strip = |path: PathBuf| {
            let name = path.strip_prefix(dir.path()).unwrap();
            name.to_str().unwrap().to_owned()
        };
        let location = format!("{}{location}", dir.path().display());
        let location = Location::parse(&location).unwrap();
        let files = list(&location, &Selection::default()).map_err(|error| error.to_string())?;
        Ok(files.into_iter().map(strip).collect())
    }

    #[test]
    fn the_moments_of_options_are_in_the_zone_of_the_reader() {
        let dir = dir_with(&["a.csv"]);
        let file = fs::File::open(dir.path().join("a.csv")).unwrap();
        let half_past_eleven = SystemTime::UNIX_EPOCH + Duration::from_secs(1_705_318_200);
        file.set_modified(half_past_eleven).unwrap();
        let mut selection = Selection::default();
        let (name, value) = ("modifiedAfter", "2024-01-15T12:00:00");
        selection.take(&OptionValue { name, value }).unwrap();
        let path = dir.path().join("a.csv");
        assert!(!selection.takes(&path).unwrap());
        selection.in_zone(Zone::parse("Europe/Berlin").unwrap());
        assert!(selection.takes(&path).unwrap());
    }

    #[test]
    fn a_directory_gives_its_own_data_files_and_no_hidden_ones() {
        let dir = dir_with(&[
            "b.csv",
            "a.csv",
            "_SUCCESS",
            ".a.csv.crc",
            "c._COPYING_",
            "sub/c.csv",
        ]);
        assert_eq!(names(&dir, "").unwrap(), ["a.csv", "b.csv"]);
        assert_eq!(names(&dir, "/_SUCCESS").unwrap(), [""; 0]);
        assert!(
            names(&dir, "/none.csv")
                .unwrap_err()
                .contains("no such file")
        );
    }

    #[test]
    fn a_pattern_gives_the_files_and_the_directories_that_it_matches() {
        let dir = dir_with(&[
            "a.csv",
            "b.csv",
            "_c.csv",
            "x/d.csv",
            "x/deep/e.csv",
            "k=1/f.csv",
        ]);
        assert_eq!(names(&dir, "/*.csv").unwrap(), ["a.csv", "b.csv"]);
        assert_eq!(names(&dir, "/{a,b,z}.csv").unwrap(), ["a.csv", "b.csv"]);
        assert_eq!(names(&dir, "/x*").unwrap(), ["x/d.csv"]);
        assert_eq!(names(&dir, "/k=*").unwrap(), ["k=1/f.csv"]);
        assert!(
            names(&dir, "/*.txt")
                .unwrap_err()
                .contains("matches no file")
        );
    }

    #[test]
    fn no_file_is_read_twice_by_whatever_names_and_links_it_is_found() {
        use std::os::unix::fs::symlink;
        let dir = dir_with(&["a/x.csv", "a/y.csv", "b/z.csv", "c.csv"]);
        symlink("a", dir.path().join("also-a")).unwrap();
        symlink("c.csv", dir.path().join("d.csv")).unwrap();
        for (pattern, expected) in [
            ("/{a,a/*}", vec!["a/x.csv", "a/y.csv"]),
            ("/{a,also-a}", vec!["a/x.csv", "a/y.csv"]),
            ("/{a/x.csv,also-a/x.csv,a/x.csv}", vec!["a/x.csv"]),
            (
                "/{a,a,?}/{x,x,*}.csv",
                vec!["a/x.csv", "a/y.csv", "b/z.csv"],
            ),
            ("/[cd].csv", vec!["c.csv"]),
            ("", vec!["c.csv"]),
        ] {
            assert_eq!(names(&dir, pattern).unwrap(), expected, "{pattern}");
        }
    }

    #[test]
    fn links_that_lead_in_a_circle_are_followed_once() {
        let dir = dir_with(&["a/x.csv", "b/z.csv"]);
        for link in ["a/up", "a/self", "b/up"] {
            let to = if link.ends_with("up") { ".." } else { "." };
            std::os::unix::fs::symlink(to, dir.path().join(link)).unwrap();
        }
        assert_eq!(names(&dir, "/a").unwrap(), ["a/x.csv"]);
        let location = Location::parse(dir.path().to_str().unwrap()).unwrap();
        let recursive = Selection {
            recursive: true,
            ..Selection::default()
        };
        assert_eq!(list(&location, &recursive).unwrap().len(), 2);
    }

    #[test]
    fn a_file_that_is_named_like_a_pattern_is_found_by_its_escaped_name_and_the_error_says_so() {
        let dir = dir_with(&["x[1].csv"]);
        let error = names(&dir, "/x[1].csv").unwrap_err();
        assert!(error.contains("write a backslash before each"), "{error}");
        assert_eq!(names(&dir, r"/x\[1\].csv").unwrap(), ["x[1].csv"]);
    }

    #[test]
    fn partitioned_directories_are_refused() {
        for file in ["year=2024/a.csv", "x/_y=1/z/a.csv"] {
            let error = names(&dir_with(&[file]), "").unwrap_err();
            assert!(
                error.starts_with("partitioned directories are not supported yet"),
                "{error}"
            );
        }
        assert_eq!(names(&dir_with(&["k=1/_hidden"]), "").unwrap(), [""; 0]);
    }

    #[test]
    fn files_of_a_codec_that_is_not_here_are_refused_by_name() {
        for file in ["a.csv.lz4", "a.SNAPPY"] {
            let error = names(&dir_with(&["b.csv", file]), "").unwrap_err();
            assert!(error.contains(file) && error.contains("gzip"), "{error}");
        }
        let known = ["a.csv.gz", "a.json.bz2", "a.zst", "b.csv", "c.deflate"];
        assert_eq!(names(&dir_with(&known), "").unwrap(), known);
    }

    #[test]
    fn a_compressed_file_is_read_by_one_reader() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv.gz");
        fs::write(&path, vec![b'a'; 12 * 1024 * 1024]).unwrap();
        let groups = share_out(vec![path.clone()], 4, true).unwrap();
        let (start, end) = (0, u64::MAX);
        assert_eq!(groups, [[Part { path, start, end }]]);
    }

    #[test]
    fn an_empty_file_has_no_content_even_if_its_name_says_that_it_is_compressed() {
        for name in ["a.gz", "a.bz2", "a.zst", "a.deflate", "a.parquet"] {
            let dir = dir_with(&[name]);
            let path = dir.path().join(name);
            fs::write(&path, "").unwrap();
            let groups = share_out(vec![path.clone()], 4, true).unwrap();
            let (start, end) = (0, 0);
            assert_eq!(groups, [[Part { path, start, end }]], "{name}");
        }
    }

    #[test]
    fn a_large_file_is_shared_among_all_readers() {
        let path = std::env::temp_dir().join(format!("samara-share-{}", std::process::id()));
        fs::File::create(&path)
            .unwrap()
            .set_len(10 * SMALLEST_PART)
            .unwrap();
        let groups = share_out(vec![path.clone()], 4, true).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(groups.len(), 4);
        let parts: Vec<_> = groups.into_iter().flatten().collect();
        assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!(parts.last().unwrap().end, 10 * SMALLEST_PART);
    }
}
