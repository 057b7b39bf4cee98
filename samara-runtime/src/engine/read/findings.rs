//! What a read meets that a person should know of: it is counted over all threads, and told once an extract.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use crate::engine::read::{Mode, ReadError};

/// How many records are of a kind, and the first of them that was met.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    records: AtomicU64,
    first: Mutex<Option<ReadError>>,
}

impl Tally {
    pub fn records(&self) -> u64 {
        self.records.load(Relaxed)
    }

    /// Counts records. True if they are the first ones.
    pub fn add(&self, records: u64) -> bool {
        records > 0 && self.records.fetch_add(records, Relaxed) == 0
    }

    /// Sets the first, as an error about its place.
    pub fn set_first(&self, error: ReadError) {
        self.first.lock().get_or_insert(error);
    }
}

/// What was told already, by one read of an extract or another.
#[derive(Debug, Default)]
pub(crate) struct Told {
    rejected: AtomicBool,
    undecodable: AtomicBool,
    unmatched: AtomicBool,
}

/// The findings of one read so far.
#[derive(Debug)]
pub(crate) struct Findings {
    mode: Mode,
    /// The records that do not fit the schema.
    pub rejected: Tally,
    /// The records with bytes that are no characters of text.
    pub undecodable: Tally,
    /// For each file: what it has in place of the declared columns, or nothing if it has one of them.
    unmatched: Mutex<BTreeMap<PathBuf, Option<String>>>,
    told: Arc<Told>,
}

impl Findings {
    pub fn new(mode: Mode, told: Arc<Told>) -> Self {
        Self {
            mode,
            rejected: Tally::default(),
            undecodable: Tally::default(),
            unmatched: Mutex::default(),
            told,
        }
    }

    /// How many files have none of the declared columns.
    pub fn unmatched_files(&self) -> u64 {
        let files = self.unmatched.lock();
        files.values().filter(|file| file.is_some()).count() as u64
    }

    /// Notes that a part of a file has one of the declared columns.
    pub fn note_match(&self, path: &Path) {
        self.unmatched.lock().insert(path.to_owned(), None);
    }

    /// Notes that a part of a file has none of the declared columns, and what it has in their place.
    pub fn note_mismatch(&self, path: &Path, found: String) {
        let mut files = self.unmatched.lock();
        files.entry(path.to_owned()).or_insert(Some(found));
    }

    /// Warns of what there is, once an extract.
    pub fn tell(&self) {
        self.tell_rejected();
        self.tell_undecodable();
        self.tell_unmatched();
    }

    fn tell_rejected(&self) {
        let first = self.rejected.first.lock();
        let Some(first) = first.as_ref() else { return };
        if self.told.rejected.swap(true, Relaxed) {
            return;
        }
        let fate = match self.mode {
            Mode::DropMalformed => "left out (mode DROPMALFORMED)",
            _ => "read with nulls (mode PERMISSIVE)",
        };
        let which = match self.rejected.records() {
            1 => "a record that does not fit the schema is".to_owned(),
            records => format!("{records} records that do not fit the schema are"),
        };
        tracing::warn!("{which} {fate}; the first: {first}");
    }

    fn tell_undecodable(&self) {
        let first = self.undecodable.first.lock();
        let Some(first) = first.as_ref() else { return };
        if self.told.undecodable.swap(true, Relaxed) {
            return;
        }
        let which = match self.undecodable.records() {
            1 => "a record is not clean text".to_owned(),
            records => format!("{records} records are not clean text"),
        };
        tracing::warn!("{which}; the first: {first}");
    }

    fn tell_unmatched(&self) {
        let files = self.unmatched.lock();
        let mut files = files
            .iter()
            .filter_map(|(path, found)| Some((path, found.as_ref()?)));
        let Some((path, found)) = files.next() else {
            return;
        };
        if self.told.unmatched.swap(true, Relaxed) {
            return;
        }
        let which = match files.count() {
            0 => "a file has none of the declared columns or fields".to_owned(),
            more => format!(
                "{} files have none of the declared columns or fields",
                more + 1
            ),
        };
        let path = path.display();
        tracing::warn!("{which}, so null is read for all of them; the first: `{path}`: {found}");
    }
}

/// Of what no step reports.
impl Drop for Findings {
    fn drop(&mut self) {
        self.tell();
    }
}

impl PartialEq for Findings {
    fn eq(&self, other: &Self) -> bool {
        let counts = |it: &Self| {
            (
                it.rejected.records(),
                it.undecodable.records(),
                it.unmatched_files(),
            )
        };
        counts(self) == counts(other)
    }
}

/// The most names that a message lists.
const LISTED: usize = 20;

/// Names for a message, in backquotes.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    if names.len() > LISTED {
        let more = names.len() - LISTED;
        names.truncate(LISTED);
        return format!("{} and {more} more", names.join(", "));
    }
    names.join(", ")
}

/// What a file has in place of what is declared.
pub(crate) fn mismatch<'a>(
    found: impl Iterator<Item = &'a str>,
    declared: impl Iterator<Item = &'a str>,
) -> String {
    format!(
        "the file has {}; declared are {}",
        listed(found),
        listed(declared)
    )
}

#[cfg(test)]
mod tests {
    use datafusion::physical_plan::collect;

    use super::*;
    use crate::engine::boundary::Work;
    use crate::engine::read::Reader;
    use crate::engine::{DataFrame, Session};
    use crate::settings::RunSettings;

    fn findings() -> Findings {
        Findings::new(Mode::default(), Arc::default())
    }

    /// What was found in a directory of such files when it was read.
    fn found(
        files: &[&[u8]],
        read: impl FnOnce(Reader, &str) -> crate::error::Result<DataFrame>,
    ) -> Arc<Findings> {
        let directory = tempfile::tempdir().unwrap();
        for (index, content) in files.iter().enumerate() {
            std::fs::write(directory.path().join(format!("part-{index}")), content).unwrap();
        }
        let session = Session::new(&RunSettings::default()).unwrap();
        let frame = read(session.read(), directory.path().to_str().unwrap()).unwrap();
        let plans = session.runtime().block_on(async {
            let plans = session.physical(vec![frame.plan]).await.unwrap();
            for plan in &plans {
                let rows = collect(Arc::clone(plan), session.state().task_ctx());
                rows.await.unwrap();
            }
            plans
        });
        let mut findings = Work::of(&plans[0]).findings;
        assert_eq!(findings.len(), 1);
        findings.remove(0)
    }

    fn csv(content: &[u8], options: &[(&str, &str)]) -> Arc<Findings> {
        found(&[content], |reader, location| {
            let reader = reader.schema([("id", "string"), ("name", "string")]);
            let set = |reader: Reader, (name, value): &(&str, &str)| reader.option(name, value);
            options.iter().fold(reader, set).csv(location)
        })
    }

    fn first(tally: &Tally) -> String {
        let first = tally.first.lock();
        first.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn bytes_that_are_no_characters_are_counted_and_the_first_is_told_with_its_line() {
        let utf16: Vec<u8> = "id,name\n1,a\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for (content, options, records, line, why) in [
            (
                &b"1,ok\n2,caf\xe9\n3,\xff\n"[..],
                &[][..],
                2,
                2,
                "not UTF-8",
            ),
            (
                b"id,na\xefme\n1,a\n",
                &[("header", "true")],
                1,
                1,
                "not UTF-8",
            ),
            (
                b"1,caf\xe9\n",
                &[("encoding", "US-ASCII")],
                1,
                1,
                "not US-ASCII",
            ),
            (
                b"1,\"a\nb\"\n2,\"c\n\xe9\"\n",
                &[("multiLine", "true")],
                1,
                3,
                "not UTF-8",
            ),
            (b"1,a\n2,b\0c\n", &[], 1, 2, "NUL"),
            (
                b"1,a\n\xe9,b\n",
                &[("mode", "DROPMALFORMED")],
                1,
                2,
                "not UTF-8",
            ),
            (
                &[b"\xff\xfe", utf16.as_slice()].concat(),
                &[],
                3,
                1,
                "not UTF-8",
            ),
            (&utf16, &[], 3, 1, "NUL"),
        ] {
            let findings = csv(content, options);
            assert_eq!(findings.undecodable.records(), records, "{content:?}");
            let first = first(&findings.undecodable);
            assert!(
                first.contains(&format!("part-0`, line {line}: ")),
                "{first}"
            );
            assert!(first.contains(why), "{first}");
        }
    }

    #[test]
    fn text_in_its_encoding_is_clean() {
        for (content, options) in [
            (&b"\xef\xbb\xbf1,a\n"[..], &[][..]),
            ("1,\u{fffd} café 日本語\n".as_bytes(), &[]),
            (b"1,caf\xe9\n", &[("encoding", "ISO-8859-1")]),
            (b"1,a\n", &[("encoding", "US-ASCII")]),
        ] {
            let findings = csv(content, options);
            assert_eq!(findings.undecodable.records(), 0, "{content:?}");
        }
    }

    #[test]
    fn bytes_of_text_files_that_are_no_characters_are_counted() {
        let content = &[&b"ok\ncaf\xe9\n\xff\n"[..]];
        for (whole, records, line) in [("false", 2, 2), ("true", 1, 1)] {
            let findings = found(content, |reader, location| {
                reader.option("wholetext", whole).text(location)
            });
            assert_eq!(findings.undecodable.records(), records);
            assert!(first(&findings.undecodable).contains(&format!("line {line}: ")));
        }
    }

    #[test]
    fn json_that_is_no_utf8_is_counted_as_malformed() {
        let findings = found(
            &[b"{\"id\": 1}\n{\"id\": \"\xe9\"}\n"],
            |reader, location| reader.schema([("id", "string")]).json(location),
        );
        assert_eq!(findings.rejected.records(), 1);
        assert!(first(&findings.rejected).contains("line 2: the record is not UTF-8"));
    }

    #[test]
    fn json_files_with_none_of_the_declared_columns_are_counted_with_both_lists() {
        let unmatched = |files: &[&[u8]], multi_line: &str| {
            let findings = found(files, |reader, location| {
                let reader = reader.schema([("id", "string"), ("name", "string")]);
                let frame = reader.option("multiLine", multi_line).json(location)?;
                frame.select(["name"])
            });
            let first = findings.unmatched.lock().values().flatten().next().cloned();
            (findings.unmatched_files(), first)
        };
        let lists = "the file has `ID`, `x y`; declared are `name`, `id`".to_owned();
        let lists = lists.replace("`name`, `id`", "`id`, `name`");
        let other = &b"{\"ID\": 1, \"x y\": 2}\n{\"z\": 1}\n"[..];
        assert_eq!(
            unmatched(&[other, b"{\"id\": 1}\n"], "false"),
            (1, Some(lists.clone()))
        );
        assert_eq!(
            unmatched(&[b"[{\"ID\": 1, \"x y\": 2}]"], "true"),
            (1, Some(lists))
        );
        for clean in [&b"{\"z\": 1}\n{\"id\": 1}\n"[..], b"", b"not json\n"] {
            assert_eq!(unmatched(&[clean], "false"), (0, None), "{clean:?}");
        }
    }

    #[test]
    fn a_file_in_parts_is_unmatched_only_if_no_part_has_a_declared_column() {
        let (one, two) = (Path::new("one"), Path::new("two"));
        let findings = findings();
        findings.note_mismatch(one, "x".to_owned());
        findings.note_match(one);
        findings.note_match(two);
        findings.note_mismatch(two, "x".to_owned());
        assert_eq!(findings.unmatched_files(), 0);
        findings.note_mismatch(Path::new("three"), "x".to_owned());
        assert_eq!(findings.unmatched_files(), 1);
    }

    #[test]
    fn a_long_list_of_names_is_cut_short_with_their_number() {
        assert_eq!(listed(["a", "b"].into_iter()), "`a`, `b`");
        assert_eq!(listed([].into_iter()), "none");
        let many = listed(std::iter::repeat_n("c", 25));
        assert!(many.ends_with("`c` and 5 more"), "{many}");
    }
}
