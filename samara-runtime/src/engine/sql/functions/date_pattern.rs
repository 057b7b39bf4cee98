//! Java's patterns of dates and times, as Spark's formatters take them: written and read in UTC, in English.

use crate::engine::text::{Zone, civil_of, days_of};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The English name of a day of the week, from 0 for Monday.
pub(super) fn day_name(weekday: i64) -> &'static str {
    DAYS[usize::try_from(weekday.rem_euclid(7)).unwrap_or(0)]
}

/// The English name of a month, from 1.
pub(super) fn month_name(month: i64) -> &'static str {
    MONTHS[usize::try_from((month - 1).rem_euclid(12)).unwrap_or(0)]
}

/// The day of the week of days since 1970, from 0 for Monday.
pub(super) fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}

/// The day of its year, from 1.
pub(super) fn day_of_year(days: i64) -> i64 {
    let (year, _, _) = civil_of(days);
    days - days_of(year, 1, 1).unwrap_or(days) + 1
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Letters(char, usize),
    Text(String),
    Optional(Vec<Part>),
}

/// A pattern, such as `dd/MM/yyyy HH:mm`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern(Vec<Part>);

impl Pattern {
    /// Reads a pattern; an error says which part Spark refuses, or is not supported yet.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut open: Vec<Vec<Part>> = vec![Vec::new()];
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let run = rest.find(|other| other != letter).unwrap_or(rest.len());
            let (part, after) = match letter {
                '\'' => quoted(rest)?,
                'A'..='Z' | 'a'..='z' => {
                    known(letter, run)?;
                    (Some(Part::Letters(letter, run)), &rest[run..])
                }
                '[' => {
                    open.push(Vec::new());
                    (None, &rest[1..])
                }
                ']' => {
                    let inner = open.pop().unwrap_or_default();
                    if open.is_empty() {
                        return Err(format!("`{text}` closes a bracket that is not open"));
                    }
                    (Some(Part::Optional(inner)), &rest[1..])
                }
                '#' | '{' | '}' => return Err(format!("`{letter}` is reserved in patterns")),
                other => (
                    Some(Part::Text(other.to_string())),
                    &rest[other.len_utf8()..],
                ),
            };
            if let Some(last) = open.last_mut() {
                last.extend(part);
            }
            rest = after;
        }
        match (open.pop(), open.is_empty()) {
            (Some(parts), true) => Ok(Self(parts)),
            _ => Err(format!("`{text}` leaves a bracket open")),
        }
    }

    /// Reads a pattern that texts are read by: Spark has letters that are only for writing.
    pub fn parse_for_reading(text: &str) -> Result<Self, String> {
        fn written_only(parts: &[Part]) -> Option<char> {
            parts.iter().find_map(|part| match part {
                Part::Letters(letter @ ('E' | 'F' | 'Q' | 'q'), _) => Some(*letter),
                Part::Optional(parts) => written_only(parts),
                _ => None,
            })
        }
        let pattern = Self::parse(text)?;
        match written_only(&pattern.0) {
            Some(letter) => Err(format!(
                "`{letter}` is for writing days, not for reading them"
            )),
            None => Ok(pattern),
        }
    }

    /// A moment, in microseconds since 1970, in the pattern.
    pub fn written(&self, micros: i64) -> String {
        let mut out = String::new();
        let moment = Moment::of(micros);
        write(&self.0, &moment, &mut out);
        out
    }

    /// The moment that a text says; nothing, if it is none in this pattern.
    pub fn read(&self, text: &str) -> Option<i64> {
        let mut read = Read::default();
        let rest = read.parts(&self.0, text)?;
        rest.is_empty().then(|| read.resolved()).flatten()
    }
}

/// A text in quotes; two of them are one.
fn quoted(rest: &str) -> Result<(Option<Part>, &str), String> {
    let mut text = String::new();
    let mut letters = rest[1..].char_indices().peekable();
    if letters.peek().is_some_and(|(_, letter)| *letter == '\'') {
        return Ok((Some(Part::Text("'".to_owned())), &rest[2..]));
    }
    while let Some((at, letter)) = letters.next() {
        if letter != '\'' {
            text.push(letter);
        } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
            text.push('\'');
        } else {
            return Ok((Some(Part::Text(text)), &rest[at + 2..]));
        }
    }
    Err("a quote in the pattern is not closed".to_owned())
}

/// Spark's letters, and how often each may stand.
fn known(letter: char, count: usize) -> Result<(), String> {
    let most = match letter {
        'G' | 'M' | 'L' | 'E' | 'Q' | 'q' | 'z' => 4,
        'y' => 6,
        'd' | 'h' | 'H' | 'k' | 'K' | 'm' | 's' | 'V' => 2,
        'D' => 3,
        'S' => 9,
        'F' | 'a' => 1,
        'X' | 'x' | 'Z' => 5,
        'O' => 4,
        _ => 0,
    };
    let odd = (letter == 'V' && count != 2) || (letter == 'O' && count != 1 && count != 4);
    if count > most || odd {
        let run: String = std::iter::repeat_n(letter, count).collect();
        return Err(format!("`{run}` is no part of a pattern of dates"));
    }
    Ok(())
}

/// A moment in the parts that patterns name.
struct Moment {
    days: i64,
    year: i64,
    month: i64,
    day: i64,
    micros: i64,
}

impl Moment {
    fn of(micros: i64) -> Self {
        let days = micros.div_euclid(MICROS_PER_DAY);
        let (year, month, day) = civil_of(days);
        Self {
            days,
            year,
            month,
            day,
            micros: micros.rem_euclid(MICROS_PER_DAY),
        }
    }

    fn second_of_day(&self) -> i64 {
        self.micros / MICROS_PER_SECOND
    }
}

fn write(parts: &[Part], moment: &Moment, out: &mut String) {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Optional(parts) => write(parts, moment, out),
            Part::Letters(letter, count) => write_letters(*letter, *count, moment, out),
        }
    }
}

fn write_letters(letter: char, count: usize, moment: &Moment, out: &mut String) {
    let hour = moment.second_of_day() / 3600;
    let quarter = (moment.month - 1) / 3 + 1;
    let short = |name: &'static str| if count < 4 { &name[..3] } else { name };
    let number = match letter {
        'y' if count == 2 => moment.year.rem_euclid(100),
        'y' => return write_year(moment.year, count, out),
        'M' | 'L' if count > 2 => return out.push_str(short(month_name(moment.month))),
        'M' | 'L' => moment.month,
        'd' => moment.day,
        'D' => day_of_year(moment.days),
        'Q' | 'q' if count == 3 => return out.push_str(&format!("Q{quarter}")),
        'Q' | 'q' if count == 4 => {
            let suffix = ["st", "nd", "rd", "th"][usize::try_from(quarter - 1).unwrap_or(0)];
            return out.push_str(&format!("{quarter}{suffix} quarter"));
        }
        'Q' | 'q' => quarter,
        'E' => return out.push_str(short(day_name(weekday(moment.days)))),
        'F' => (moment.day - 1) % 7 + 1,
        'a' => return out.push_str(if hour < 12 { "AM" } else { "PM" }),
        'G' => {
            let names = if moment.year > 0 {
                ["AD", "Anno Domini"]
            } else {
                ["BC", "Before Christ"]
            };
            return out.push_str(names[usize::from(count == 4)]);
        }
        'h' => (hour + 11) % 12 + 1,
        'K' => hour % 12,
        'k' => (hour + 23) % 24 + 1,
        'H' => hour,
        'm' => moment.second_of_day() / 60 % 60,
        's' => moment.second_of_day() % 60,
        'S' => {
            let nanos = format!("{:09}", moment.micros % MICROS_PER_SECOND * 1000);
            return out.push_str(&nanos[..count]);
        }
        _ => return out.push_str(utc(letter, count)),
    };
    out.push_str(&format!("{number:0count$}"));
}

/// A year of more digits than it has letters has a sign, from four letters on.
fn write_year(year: i64, count: usize, out: &mut String) {
    let digits = format!("{:0count$}", year.unsigned_abs());
    let sign = match year {
        ..0 => "-",
        _ if count >= 4 && digits.len() > count => "+",
        _ => "",
    };
    out.push_str(sign);
    out.push_str(&digits);
}

/// The zone of the session, UTC, as each of the letters writes it.
fn utc(letter: char, count: usize) -> &'static str {
    match (letter, count) {
        ('z', 4) => "Coordinated Universal Time",
        ('z' | 'V', _) => "UTC",
        ('O', _) | ('Z', 4) => "GMT",
        ('X', _) | ('Z', 5) => "Z",
        ('x', 1) => "+00",
        ('x', 3 | 5) => "+00:00",
        _ => "+0000",
    }
}

/// What has been read of a text.
#[derive(Default, Clone)]
struct Read {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: Option<i64>,
    half_hour: Option<i64>,
    afternoon: Option<bool>,
    minute: Option<i64>,
    second: Option<i64>,
    micros: Option<i64>,
    zone: Option<String>,
}

impl Read {
    /// Reads parts off the front of a text; what is left.
    fn parts<'a>(&mut self, parts: &[Part], mut text: &'a str) -> Option<&'a str> {
        for (at, part) in parts.iter().enumerate() {
            text = match part {
                Part::Text(expected) => {
                    let start = text.get(..expected.len())?;
                    start
                        .eq_ignore_ascii_case(expected)
                        .then(|| &text[expected.len()..])?
                }
                Part::Optional(inner) => {
                    let mut tried = self.clone();
                    match tried.parts(inner, text) {
                        Some(rest) => {
                            *self = tried;
                            rest
                        }
                        None => text,
                    }
                }
                Part::Letters(letter, count) => {
                    self.letters(*letter, *count, reserved(&parts[at + 1..]), text)?
                }
            };
        }
        Some(text)
    }

    fn letters<'a>(
        &mut self,
        letter: char,
        count: usize,
        reserved: usize,
        text: &'a str,
    ) -> Option<&'a str> {
        match letter {
            'M' | 'L' if count > 2 => {
                let (month, rest) = name(text, &MONTHS, count)?;
                return agreed(&mut self.month, month + 1).then_some(rest);
            }
            'a' => {
                let (half, rest) = name(text, &["AM", "PM"], 4)?;
                self.afternoon = Some(half == 1);
                return Some(rest);
            }
            'S' => return self.fraction(count, text),
            'X' | 'x' | 'Z' | 'V' | 'z' | 'O' => return self.zone(letter, text),
            'y' => return self.year(count, reserved, text),
            _ => {}
        }
        let (least, most) = if count == 1 { (1, 19) } else { (count, count) };
        let (number, rest) = digits(text, least, most, reserved)?;
        let (slot, range) = match letter {
            'M' | 'L' => (&mut self.month, 1..=12),
            'd' => (&mut self.day, 1..=31),
            'D' => (&mut self.day_of_year, 1..=366),
            'H' => (&mut self.hour, 0..=23),
            'k' => (&mut self.hour, 1..=24),
            'h' => (&mut self.half_hour, 1..=12),
            'K' => (&mut self.half_hour, 0..=11),
            'm' => (&mut self.minute, 0..=59),
            's' => (&mut self.second, 0..=59),
            _ => return None,
        };
        let number = if range.contains(&number) {
            number
        } else {
            return None;
        };
        let number = match letter {
            'k' => number % 24,
            'h' => number % 12,
            _ => number,
        };
        agreed(slot, number).then_some(rest)
    }

    fn year<'a>(&mut self, count: usize, reserved: usize, text: &'a str) -> Option<&'a str> {
        if count == 2 {
            let (number, rest) = digits(text, 2, 2, reserved)?;
            return agreed(&mut self.year, 2000 + number).then_some(rest);
        }
        let (sign, unsigned) = match text.as_bytes().first()? {
            b'-' => (-1, &text[1..]),
            b'+' if count >= 4 => (1, &text[1..]),
            _ => (1, text),
        };
        let (number, rest) = digits(unsigned, count, 19, reserved)?;
        let taken = unsigned.len() - rest.len();
        let signed = unsigned.len() < text.len();
        // From four letters on, more digits than letters need a sign, and a plus sign needs more digits.
        let plus = text.starts_with('+');
        if count >= 4 && ((taken > count && !signed) || (plus && taken <= count)) {
            return None;
        }
        agreed(&mut self.year, sign * number).then_some(rest)
    }

    fn fraction<'a>(&mut self, count: usize, text: &'a str) -> Option<&'a str> {
        let all = text
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(text.len());
        let taken = all.min(count);
        if taken == 0 {
            return None;
        }
        let micros = format!("{:0<9}", &text[..taken])[..6].parse().ok()?;
        self.micros = Some(micros);
        Some(&text[taken..])
    }

    fn zone<'a>(&mut self, letter: char, text: &'a str) -> Option<&'a str> {
        let is_part = |c: char| match letter {
            'X' | 'x' | 'Z' => c == '+' || c == '-' || c == ':' || c == 'Z' || c.is_ascii_digit(),
            _ => c.is_ascii_alphanumeric() || "+-:/_".contains(c),
        };
        let end = text.find(|c: char| !is_part(c)).unwrap_or(text.len());
        let name = &text[..end];
        if name.is_empty() || (letter == 'x' && name == "Z") {
            return None;
        }
        Zone::parse(name)?;
        self.zone = Some(name.to_owned());
        Some(&text[end..])
    }

    /// The moment; what is not said is the first day of 1970 and midnight.
    fn resolved(&self) -> Option<i64> {
        let year = self.year.unwrap_or(1970);
        let days = match self.day_of_year {
            Some(day) => {
                let days = days_of(year, 1, 1)? + day - 1;
                (civil_of(days).0 == year).then_some(days)?
            }
            None => days_of(year, self.month.unwrap_or(1), self.day.unwrap_or(1))?,
        };
        let half = || Some(self.half_hour? + if self.afternoon? { 12 } else { 0 });
        let hour = self.hour.or_else(half).or(self.half_hour).unwrap_or(0);
        let seconds = hour * 3600 + self.minute.unwrap_or(0) * 60 + self.second.unwrap_or(0);
        let local = days
            .checked_mul(MICROS_PER_DAY)?
            .checked_add(seconds * MICROS_PER_SECOND + self.micros.unwrap_or(0))?;
        match &self.zone {
            Some(zone) => Zone::parse(zone)?.to_utc(local),
            None => Some(local),
        }
    }
}

/// Sets what a text says, unless it has said something else before.
fn agreed(slot: &mut Option<i64>, value: i64) -> bool {
    *slot.get_or_insert(value) == value
}

/// The digits that the numbers directly behind one need for themselves.
fn reserved(parts: &[Part]) -> usize {
    let numbers = parts.iter().map_while(|part| match part {
        Part::Letters('M' | 'L' | 'd' | 'H' | 'h' | 'k' | 'K' | 'm' | 's', 2) => Some(2),
        Part::Letters('D', count @ 2..) => Some(*count),
        Part::Letters('y', 2) => Some(2),
        Part::Letters('S', count) => Some(*count),
        _ => None,
    });
    numbers.sum()
}

fn digits(text: &str, least: usize, most: usize, reserved: usize) -> Option<(i64, &str)> {
    let all = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let taken = if least == most {
        most
    } else {
        all.saturating_sub(reserved).min(most)
    };
    if taken < least || taken > all {
        return None;
    }
    Some((text[..taken].parse().ok()?, &text[taken..]))
}

/// The place of a name at the front, in any case; short ones have three letters.
fn name<'a>(text: &'a str, names: &[&str], count: usize) -> Option<(i64, &'a str)> {
    for (at, name) in names.iter().enumerate() {
        let name = if count < 4 { &name[..3] } else { name };
        if text
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
        {
            return Some((i64::try_from(at).ok()?, &text[name.len()..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, text: &str) -> Option<String> {
        let micros = Pattern::parse(pattern).unwrap().read(text)?;
        Some(
            Pattern::parse("yyyy-MM-dd HH:mm:ss")
                .unwrap()
                .written(micros),
        )
    }

    #[test]
    fn numbers_that_touch_share_their_digits() {
        assert_eq!(
            read("yyyyMMdd", "20240229").as_deref(),
            Some("2024-02-29 00:00:00")
        );
        assert_eq!(
            read("yyyyMMddHHmm", "202402291530").as_deref(),
            Some("2024-02-29 15:30:00")
        );
    }

    #[test]
    fn a_text_is_read_strictly() {
        for (pattern, text) in [
            ("dd/MM/yyyy", "1/1/2024"),
            ("yyyy-MM-dd", "2023-02-30"),
            ("yyyy-MM-dd", "2024-01-15x"),
        ] {
            assert_eq!(read(pattern, text), None, "{pattern} {text}");
        }
    }

    #[test]
    fn letters_that_spark_does_not_have_are_refused() {
        for pattern in ["YYYY", "ww", "u", "MMMMM", "ddd", "'open", "[yyyy", "yyyy]"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
