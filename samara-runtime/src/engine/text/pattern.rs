//! Patterns of dates and timestamps, `dd.MM.yyyy HH:mm`, as Java's `DateTimeFormatter` has them and Spark takes them.
//!
//! The rules are those of Java's `DateTimeFormatterBuilder.appendPattern`, strict and in English, less what Spark refuses
//! (`DateTimeFormatterHelper.convertIncompatiblePattern`). Where a text does not say a field, the date is of 1970-01-01 and the time midnight.

use super::zone::Zone;
use super::{Clock, MICROS_PER_SECOND, civil_of, days_of, take_digits, write_infallible};

pub(crate) const MONTHS: [&str; 12] = [
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

pub(crate) const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// A pattern that is none, or has a part that is not supported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    /// Letters without a meaning, or of one that Spark refuses too.
    #[error("`{0}` is no part of a pattern that Spark knows")]
    Unknown(String),
    /// Letters that Spark knows and this does not.
    #[error("`{0}` in a pattern is not supported yet")]
    NotSupported(String),
    /// Letters that Spark writes, but does not read.
    #[error("`{0}` in a pattern can be written, but not read")]
    NotReadable(String),
    /// Letters of what a value does not have: a time in a date, a zone in a timestamp without one.
    #[error("`{part}` in a pattern has no meaning for {kind}")]
    Absent {
        /// The letters.
        part: String,
        /// The type of the value.
        kind: &'static str,
    },
    /// A quote or bracket without its other half, or a character that is kept for later use.
    #[error("the pattern is not valid at `{0}`")]
    Syntax(char),
}

/// What a pattern writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Date,
    Timestamp,
    /// A timestamp as an expression writes it, in the session's zone.
    TimestampOfSession,
    TimestampNtz,
}

/// A pattern, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    /// Whether years are counted from 1 in both eras, as they are beside the letter of the era.
    has_era: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Era,
    Year,
    Quarter,
    Month,
    Day,
    /// Which of the seven days of its week, if the first begins with the month.
    DayOfMonthsWeek,
    DayOfYear,
    Weekday,
    /// From 0 to 23.
    Hour,
    /// From 1 to 24.
    ClockHour,
    /// From 0 to 11.
    HourOfHalf,
    /// From 1 to 12.
    ClockHourOfHalf,
    Half,
    Minute,
    Second,
    Fraction,
    Zone,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// A number of at least some digits and at most some others.
    Number(Field, usize, usize),
    /// The last two digits of a year from 2000 to 2099.
    ShortYear,
    /// Digits of the second.
    Fraction(usize),
    /// A name, short or full.
    Name(Field, bool),
    /// A distance from UTC.
    Offset(Offset),
    /// A distance from GMT, `GMT+2` or in full `GMT+02:00`.
    FromGmt(bool),
    /// The name of the zone, `Europe/Berlin`.
    ZoneId,
    /// The English name of the zone, short or full.
    ZoneName(bool),
    /// What the pattern has in brackets.
    Optional(Vec<Part>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Offset {
    /// What stands for UTC itself, if that is not written in digits.
    utc: &'static str,
    colon: bool,
    minutes: Minutes,
    seconds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Minutes {
    Always,
    WhereThereAreSome,
}

/// Whether a pattern is to read or to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Write(Kind),
}

impl Pattern {
    /// A pattern to read by.
    pub fn to_read(pattern: &str) -> Result<Self, PatternError> {
        Self::parse(pattern, Use::Read)
    }

    /// A pattern to write values of a kind by.
    pub fn to_write(pattern: &str, kind: Kind) -> Result<Self, PatternError> {
        Self::parse(pattern, Use::Write(kind))
    }

    fn parse(pattern: &str, purpose: Use) -> Result<Self, PatternError> {
        let mut compiler = Compiler {
            rest: pattern,
            purpose,
        };
        let parts = compiler.parts(0)?;
        let has_era = pattern.split('\'').step_by(2).any(|out| out.contains('G'));
        Ok(Self { parts, has_era })
    }

    /// Writes days since 1970.
    pub fn write_date(&self, out: &mut String, days: i32) {
        let moment = Moment {
            days: i64::from(days),
            micros: 0,
            has_clock: false,
            has_era: self.has_era,
            zone: Zone::UTC,
            offset: None,
        };
        moment.write(out, &self.parts);
    }

    /// Writes microseconds since 1970 as clocks in a zone show them.
    pub fn write_timestamp(&self, out: &mut String, micros: i64, zone: Zone) {
        let offset = Some(zone.offset_at(micros));
        self.moment(zone.clock(micros), zone, offset)
            .write(out, &self.parts);
    }

    /// Writes microseconds since 1970 of a timestamp without a zone.
    pub fn write_timestamp_ntz(&self, out: &mut String, micros: i64) {
        self.moment(Clock::of_utc(micros), Zone::UTC, None)
            .write(out, &self.parts);
    }

    /// Whether it asks for the English name of the zone.
    pub fn names_zone(&self) -> bool {
        self.parts.iter().any(Part::names_zone)
    }

    fn moment(&self, clock: Clock, zone: Zone, offset: Option<i64>) -> Moment {
        Moment {
            days: clock.days,
            micros: clock.micros,
            has_clock: true,
            has_era: self.has_era,
            zone,
            offset,
        }
    }

    /// Days since 1970 of a text.
    pub fn parse_date(&self, text: &str) -> Option<i32> {
        i32::try_from(self.read(text)?.days()?).ok()
    }

    /// Microseconds since 1970 of a text, which is in the given zone unless it says another.
    pub fn parse_timestamp(&self, text: &str, zone: Zone) -> Option<i64> {
        let found = self.read(text)?;
        let zone = found.zone.unwrap_or(zone);
        zone.to_utc(super::at(found.days()?, found.micros()?)?)
    }

    /// Microseconds since 1970 as clocks show them in the zone that a text says, or in any.
    pub fn parse_clock(&self, text: &str) -> Option<i64> {
        let found = self.read(text)?;
        super::at(found.days()?, found.micros()?)
    }

    /// Microseconds since 1970 of a text that says no zone.
    pub fn parse_timestamp_ntz(&self, text: &str) -> Option<i64> {
        let found = self.read(text)?;
        match found.zone {
            Some(_) => None,
            None => super::at(found.days()?, found.micros()?),
        }
    }

    fn read(&self, text: &str) -> Option<Found> {
        let mut found = Found::default();
        let rest = found.read(text, &self.parts)?;
        rest.is_empty().then_some(found)
    }
}

/// Takes a pattern apart.
struct Compiler<'a> {
    rest: &'a str,
    purpose: Use,
}

impl Compiler<'_> {
    /// The parts up to the end, or to the bracket that closes the `depth`th one.
    fn parts(&mut self, depth: usize) -> Result<Vec<Part>, PatternError> {
        let mut parts = Vec::new();
        while let Some(letter) = self.rest.chars().next() {
            let end = self.rest.find(|c| c != letter).unwrap_or(self.rest.len());
            if letter.is_ascii_alphabetic() {
                let run = &self.rest[..end];
                self.rest = &self.rest[end..];
                parts.push(self.part(run, letter, depth > 0)?);
                continue;
            }
            self.rest = &self.rest[letter.len_utf8()..];
            match letter {
                '\'' => parts.push(Part::Literal(self.quoted()?)),
                '[' => parts.push(Part::Optional(self.parts(depth + 1)?)),
                ']' if depth > 0 => return Ok(parts),
                ']' | '{' | '}' | '#' => return Err(PatternError::Syntax(letter)),
                other => parts.push(Part::Literal(other.to_string())),
            }
        }
        // Java closes what is open at the end.
        Ok(parts)
    }

    /// Takes what is in quotes, the opening one gone already; two of them are one.
    fn quoted(&mut self) -> Result<String, PatternError> {
        if let Some(rest) = self.rest.strip_prefix('\'') {
            self.rest = rest;
            return Ok("'".to_owned());
        }
        let mut text = String::new();
        loop {
            let (part, rest) = self
                .rest
                .split_once('\'')
                .ok_or(PatternError::Syntax('\''))?;
            text.push_str(part);
            self.rest = rest;
            match rest.strip_prefix('\'') {
                Some(rest) => self.rest = rest,
                None => return Ok(text),
            }
            text.push('\'');
        }
    }

    fn part(&self, run: &str, letter: char, optional: bool) -> Result<Part, PatternError> {
        let part = part_of(run, letter)?;
        let absent = |kind| PatternError::Absent {
            part: run.to_owned(),
            kind,
        };
        match (self.purpose, part.field()) {
            (Use::Read, Some(Field::Weekday | Field::Quarter | Field::DayOfMonthsWeek)) => {
                Err(PatternError::NotReadable(run.to_owned()))
            }
            (purpose, _) if !part.is_supported(purpose) => {
                Err(PatternError::NotSupported(run.to_owned()))
            }
            // What is in brackets is left out where the value does not have it.
            (Use::Write(_), _) if optional => Ok(part),
            (Use::Write(Kind::Date), Some(field))
                if field.is_of_clock() || field == Field::Zone =>
            {
                Err(absent("a date"))
            }
            (Use::Write(Kind::TimestampNtz), Some(Field::Zone)) => {
                Err(absent("a timestamp without a time zone"))
            }
            _ => Ok(part),
        }
    }
}

/// What a run of one letter stands for.
fn part_of(run: &str, letter: char) -> Result<Part, PatternError> {
    const LONGEST: usize = 19;
    use Field as F;
    let count = run.len();
    let unknown = || PatternError::Unknown(run.to_owned());
    let number = |field, most| match count {
        1 => Ok(Part::Number(field, 1, LONGEST)),
        _ if count <= most => Ok(Part::Number(field, count, count)),
        _ => Err(unknown()),
    };
    let offset = |utc, colon, minutes, seconds| {
        Ok(Part::Offset(Offset {
            utc,
            colon,
            minutes,
            seconds,
        }))
    };
    let (always, some) = (Minutes::Always, Minutes::WhereThereAreSome);
    match (letter, count) {
        ('y', 2) => Ok(Part::ShortYear),
        ('y', 1..=6) => Ok(Part::Number(F::Year, count, LONGEST)),
        ('M' | 'L', 1 | 2) => number(F::Month, 2),
        ('M' | 'L', 3 | 4) => Ok(Part::Name(F::Month, count == 4)),
        ('d', _) => number(F::Day, 2),
        ('F', 1) => Ok(Part::Number(F::DayOfMonthsWeek, 1, 1)),
        ('D', 2) => Ok(Part::Number(F::DayOfYear, 2, 3)),
        ('D', _) => number(F::DayOfYear, 3),
        ('E', 1..=4) => Ok(Part::Name(F::Weekday, count == 4)),
        ('Q' | 'q', 1 | 2) => number(F::Quarter, 2),
        ('Q' | 'q', 3 | 4) => Ok(Part::Name(F::Quarter, count == 4)),
        ('G', 1..=4) => Ok(Part::Name(F::Era, count == 4)),
        ('a', 1) => Ok(Part::Name(F::Half, false)),
        ('H', _) => number(F::Hour, 2),
        ('k', _) => number(F::ClockHour, 2),
        ('K', _) => number(F::HourOfHalf, 2),
        ('h', _) => number(F::ClockHourOfHalf, 2),
        ('m', _) => number(F::Minute, 2),
        ('s', _) => number(F::Second, 2),
        ('S', 1..=9) => Ok(Part::Fraction(count)),
        ('V', 2) => Ok(Part::ZoneId),
        ('z', 1..=4) => Ok(Part::ZoneName(count == 4)),
        ('O', 1 | 4) | ('Z', 4) => Ok(Part::FromGmt(count == 4)),
        ('X', 1) => offset("Z", false, some, false),
        ('X', 2) => offset("Z", false, always, false),
        ('X', 3) => offset("Z", true, always, false),
        ('X', 4) => offset("Z", false, always, true),
        ('X' | 'Z', 5) => offset("Z", true, always, true),
        ('x', 1) => offset("", false, some, false),
        ('x', 2) | ('Z', 1..=3) => offset("", false, always, false),
        ('x', 3) => offset("", true, always, false),
        ('x', 4) => offset("", false, always, true),
        ('x', 5) => offset("", true, always, true),
        ('v' | 'g', 1..=4) | ('y', _) => Err(PatternError::NotSupported(run.to_owned())),
        _ => Err(unknown()),
    }
}

impl Part {
    fn field(&self) -> Option<Field> {
        match self {
            Self::Number(field, ..) | Self::Name(field, _) => Some(*field),
            Self::ShortYear => Some(Field::Year),
            Self::Fraction(_) => Some(Field::Fraction),
            Self::Offset(_) | Self::FromGmt(_) | Self::ZoneId | Self::ZoneName(_) => {
                Some(Field::Zone)
            }
            Self::Literal(_) | Self::Optional(_) => None,
        }
    }

    fn is_supported(&self, purpose: Use) -> bool {
        match self {
            Self::FromGmt(_) | Self::Name(Field::Era, _) => purpose != Use::Read,
            Self::ZoneName(_) => purpose == Use::Write(Kind::TimestampOfSession),
            _ => true,
        }
    }

    fn names_zone(&self) -> bool {
        match self {
            Self::ZoneName(_) => true,
            Self::Optional(parts) => parts.iter().any(Self::names_zone),
            _ => false,
        }
    }

    /// The digits of a number that always has as many.
    fn fixed_width(&self) -> Option<usize> {
        match self {
            Self::Number(_, least, most) if least == most => Some(*most),
            Self::ShortYear => Some(2),
            _ => None,
        }
    }
}

impl Field {
    fn is_of_clock(self) -> bool {
        use Field as F;
        matches!(
            self,
            F::Hour
                | F::ClockHour
                | F::HourOfHalf
                | F::ClockHourOfHalf
                | F::Half
                | F::Minute
                | F::Second
                | F::Fraction
        )
    }
}

/// A date and a time of day, to be written.
struct Moment {
    days: i64,
    micros: i64,
    has_clock: bool,
    has_era: bool,
    zone: Zone,
    /// Seconds east of UTC, unless the value has no zone.
    offset: Option<i64>,
}

impl Moment {
    fn write(&self, out: &mut String, parts: &[Part]) {
        parts.iter().for_each(|part| self.write_part(out, part));
    }

    fn write_part(&self, out: &mut String, part: &Part) {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Number(Field::Year, least, _) => self.write_year(out, *least),
            Part::Number(field, least, _) => {
                write_infallible(out, format_args!("{:0least$}", self.field(*field)));
            }
            Part::ShortYear => {
                let year = self.field(Field::Year).rem_euclid(100);
                write_infallible(out, format_args!("{year:02}"));
            }
            Part::Fraction(digits) => {
                let nanos = format!("{:09}", self.micros % MICROS_PER_SECOND * 1000);
                out.push_str(&nanos[..*digits]);
            }
            Part::Name(field, full) => out.push_str(&self.name(*field, *full)),
            Part::Offset(offset) => offset.write(out, self.offset.unwrap_or(0)),
            Part::FromGmt(full) => write_from_gmt(out, self.offset.unwrap_or(0), *full),
            Part::ZoneId => self.zone.write(out),
            Part::ZoneName(full) => {
                out.push_str(&self.zone.display_name(*full).unwrap_or_default())
            }
            Part::Optional(parts) if parts.iter().all(|part| self.has(part)) => {
                self.write(out, parts);
            }
            Part::Optional(_) => {}
        }
    }

    /// Whether the value has what a part asks for.
    fn has(&self, part: &Part) -> bool {
        match part.field() {
            Some(Field::Zone) => self.offset.is_some(),
            Some(field) => self.has_clock || !field.is_of_clock(),
            None => true,
        }
    }

    fn write_year(&self, out: &mut String, least: usize) {
        let year = self.field(Field::Year);
        let sign = match year {
            ..0 => "-",
            _ if least >= 4 && year >= 10_i64.pow(least as u32) => "+",
            _ => "",
        };
        let year = year.unsigned_abs();
        write_infallible(out, format_args!("{sign}{year:0least$}"));
    }

    fn field(&self, field: Field) -> i64 {
        let (year, month, day) = civil_of(self.days);
        let second = self.micros / MICROS_PER_SECOND;
        let hour = second / 3600;
        let from_one = |hour: i64, hours: i64| (hour + hours - 1) % hours + 1;
        match field {
            Field::Era => i64::from(year > 0),
            Field::Year if self.has_era && year <= 0 => 1 - year,
            Field::Year => year,
            Field::Quarter => (month + 2) / 3,
            Field::Month => month,
            Field::Day => day,
            Field::DayOfMonthsWeek => (day - 1) % 7 + 1,
            Field::DayOfYear => day_of_year(self.days),
            Field::Weekday => weekday(self.days),
            Field::Hour => hour,
            Field::ClockHour => from_one(hour, 24),
            Field::HourOfHalf => hour % 12,
            Field::ClockHourOfHalf => from_one(hour % 12, 12),
            Field::Half => hour / 12,
            Field::Minute => second / 60 % 60,
            Field::Second => second % 60,
            Field::Fraction => self.micros % MICROS_PER_SECOND,
            Field::Zone => self.offset.unwrap_or(0),
        }
    }

    fn name(&self, field: Field, full: bool) -> String {
        let number = self.field(field);
        let at = usize::try_from(number).unwrap_or(0);
        match field {
            Field::Quarter if full => {
                let end = ["st", "nd", "rd", "th"][at - 1];
                format!("{number}{end} quarter")
            }
            Field::Quarter => format!("Q{number}"),
            Field::Half => ["AM", "PM"][at].to_owned(),
            Field::Era if full => ["Before Christ", "Anno Domini"][at].to_owned(),
            Field::Era => ["BC", "AD"][at].to_owned(),
            Field::Weekday => shortened(WEEKDAYS[at], full).to_owned(),
            _ => shortened(MONTHS[at - 1], full).to_owned(),
        }
    }
}

/// The day of the week of days since 1970, from 0 for Monday: 1970-01-01 was a Thursday.
pub(crate) fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}

/// The day of its year, from 1.
pub(crate) fn day_of_year(days: i64) -> i64 {
    let (year, _, _) = civil_of(days);
    // The first of January exists in every year.
    days - days_of(year, 1, 1).unwrap_or(days) + 1
}

fn shortened(name: &str, full: bool) -> &str {
    if full { name } else { &name[..3] }
}

impl Offset {
    fn write(self, out: &mut String, seconds: i64) {
        if seconds == 0 && !self.utc.is_empty() {
            return out.push_str(self.utc);
        }
        let sign = if seconds < 0 { '-' } else { '+' };
        let rest = seconds.abs();
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        let colon = if self.colon { ":" } else { "" };
        write_infallible(out, format_args!("{sign}{hour:02}"));
        if self.minutes == Minutes::Always || minute != 0 {
            write_infallible(out, format_args!("{colon}{minute:02}"));
        }
        if self.seconds && second != 0 {
            write_infallible(out, format_args!("{colon}{second:02}"));
        }
    }

    /// Takes an offset off the front: seconds east of UTC.
    fn take(self, text: &str) -> Option<(i64, &str)> {
        let rest = take_prefix(text, self.utc).filter(|_| !self.utc.is_empty());
        if let Some(rest) = rest {
            return Some((0, rest));
        }
        let sign = if text.starts_with('-') { -1 } else { 1 };
        let (hour, rest) = two_digits(text.strip_prefix(['+', '-'])?)?;
        let part = |rest| {
            let digits = if self.colon {
                str::strip_prefix(rest, ':')?
            } else {
                rest
            };
            two_digits(digits)
        };
        let (minute, rest) = match part(rest) {
            Some(taken) => taken,
            None if self.minutes == Minutes::WhereThereAreSome => (0, rest),
            None => return None,
        };
        let second = part(rest).filter(|_| self.seconds);
        let (second, rest) = second.unwrap_or((0, rest));
        let seconds = hour * 3600 + minute * 60 + second;
        let fits = minute < 60 && second < 60 && seconds <= 18 * 3600;
        fits.then_some((sign * seconds, rest))
    }
}

/// Writes an offset as Java's `appendLocalizedOffset` does.
fn write_from_gmt(out: &mut String, seconds: i64, full: bool) {
    out.push_str("GMT");
    if seconds == 0 {
        return;
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let rest = seconds.abs();
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let width = if full { 2 } else { 1 };
    write_infallible(out, format_args!("{sign}{hour:0width$}"));
    if full || minute != 0 || second != 0 {
        write_infallible(out, format_args!(":{minute:02}"));
    }
    if second != 0 {
        write_infallible(out, format_args!(":{second:02}"));
    }
}

/// Writes an offset as Spark's files have it, `Z` or `+02:00`.
pub(crate) fn write_offset(out: &mut String, seconds: i64) {
    let offset = Offset {
        utc: "Z",
        colon: true,
        minutes: Minutes::Always,
        seconds: true,
    };
    offset.write(out, seconds);
}

fn two_digits(text: &str) -> Option<(i64, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let (number, _) = take_digits(digits, 2..=2)?;
    Some((number, rest))
}

/// What follows a prefix, which is found in any case.
fn take_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (front, rest) = text.split_at_checked(prefix.len())?;
    (front.to_lowercase() == prefix.to_lowercase()).then_some(rest)
}

/// The fields that a text was found to say.
#[derive(Debug, Clone, Default)]
struct Found {
    numbers: Vec<(Field, i64)>,
    zone: Option<Zone>,
}

impl Found {
    /// Takes the parts off the front of a text; what is left.
    fn read<'a>(&mut self, text: &'a str, parts: &[Part]) -> Option<&'a str> {
        let mut rest = text;
        for (index, part) in parts.iter().enumerate() {
            // Digits that the numbers of a fixed width behind this one need.
            let behind = parts[index + 1..].iter();
            let reserved = behind.map_while(Part::fixed_width).sum();
            rest = self.read_part(rest, part, reserved)?;
        }
        Some(rest)
    }

    fn read_part<'a>(&mut self, text: &'a str, part: &Part, reserved: usize) -> Option<&'a str> {
        match part {
            Part::Literal(literal) => take_prefix(text, literal),
            Part::Number(field, least, most) => {
                let (number, rest) = take_number(text, *field, *least, *most, reserved)?;
                self.set(*field, number)?;
                Some(rest)
            }
            Part::ShortYear => {
                let (year, rest) = two_digits(text)?;
                self.set(Field::Year, 2000 + year)?;
                Some(rest)
            }
            Part::Fraction(most) => {
                let digits = text
                    .bytes()
                    .take_while(u8::is_ascii_digit)
                    .count()
                    .min(*most);
                let (number, rest) = text.split_at(digits);
                let nanos: i64 = format!("{number:0<9}").parse().ok()?;
                self.set(Field::Fraction, nanos / 1000)?;
                (digits > 0).then_some(rest)
            }
            Part::Name(field, full) => self.read_name(text, *field, *full),
            Part::Offset(offset) => {
                let (seconds, rest) = offset.take(text)?;
                self.zone = Some(Zone::fixed(seconds));
                Some(rest)
            }
            // Not read: `is_supported`.
            Part::FromGmt(_) | Part::ZoneName(_) => None,
            Part::ZoneId => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || "/_+-:".contains(c);
                let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
                self.zone = Some(Zone::parse(&text[..end])?);
                Some(&text[end..])
            }
            Part::Optional(parts) => {
                let before = self.clone();
                let rest = self.read(text, parts);
                if rest.is_none() {
                    *self = before;
                }
                Some(rest.unwrap_or(text))
            }
        }
    }

    fn read_name<'a>(&mut self, text: &'a str, field: Field, full: bool) -> Option<&'a str> {
        let names: &[&str] = match field {
            Field::Half => &["AM", "PM"],
            _ => &MONTHS,
        };
        let first = i64::from(field == Field::Month);
        for (number, name) in (first..).zip(names) {
            let name = if field == Field::Month {
                shortened(name, full)
            } else {
                name
            };
            if let Some(rest) = take_prefix(text, name) {
                self.set(field, number)?;
                return Some(rest);
            }
        }
        None
    }

    /// A field that is said twice must be the same.
    fn set(&mut self, field: Field, number: i64) -> Option<()> {
        if let Some(other) = self.get(field) {
            return (other == number).then_some(());
        }
        self.numbers.push((field, number));
        Some(())
    }

    fn get(&self, field: Field) -> Option<i64> {
        let found = self.numbers.iter().find(|(other, _)| *other == field);
        found.map(|(_, number)| *number)
    }

    fn days(&self) -> Option<i64> {
        let year = self.get(Field::Year).unwrap_or(1970);
        let (month, day) = (self.get(Field::Month), self.get(Field::Day));
        let days = days_of(year, month.unwrap_or(1), day.unwrap_or(1))?;
        match self.get(Field::DayOfYear) {
            // Only with a year does it say a day.
            Some(number) if self.get(Field::Year).is_some() => {
                let days = days_of(year, 1, 1)? + number - 1;
                let (in_year, in_month, in_day) = civil_of(days);
                let fits = number > 0
                    && in_year == year
                    && month.is_none_or(|month| month == in_month)
                    && day.is_none_or(|day| day == in_day);
                fits.then_some(days)
            }
            _ => Some(days),
        }
    }

    /// The time of day.
    fn micros(&self) -> Option<i64> {
        let within = |field, from: i64, to: i64| match self.get(field) {
            Some(number) if (from..=to).contains(&number) => Some(Some(number)),
            Some(_) => None,
            None => Some(None),
        };
        let half = within(Field::Half, 0, 1)?.unwrap_or(0);
        let of_half = within(Field::HourOfHalf, 0, 11)?;
        let of_half = of_half.or(within(Field::ClockHourOfHalf, 1, 12)?.map(|hour| hour % 12));
        let hour = within(Field::Hour, 0, 23)?;
        let hour = hour.or(within(Field::ClockHour, 1, 24)?.map(|hour| hour % 24));
        let hour = hour.or(of_half.map(|hour| half * 12 + hour)).unwrap_or(0);
        let minute = within(Field::Minute, 0, 59)?.unwrap_or(0);
        let second = within(Field::Second, 0, 59)?.unwrap_or(0);
        let fraction = self.get(Field::Fraction).unwrap_or(0);
        Some((hour * 3600 + minute * 60 + second) * MICROS_PER_SECOND + fraction)
    }
}

/// Takes a number off the front, and leaves the reserved digits behind it. One of many digits, a year, has a sign.
fn take_number(
    text: &str,
    field: Field,
    least: usize,
    most: usize,
    reserved: usize,
) -> Option<(i64, &str)> {
    let is_fixed = least == most;
    let unsigned = text.strip_prefix('-').filter(|_| !is_fixed);
    let plus = text
        .strip_prefix('+')
        .filter(|_| field == Field::Year && least >= 4);
    let digits = unsigned.or(plus).unwrap_or(text);
    let found = digits.bytes().take_while(u8::is_ascii_digit).count();
    let reserved = if is_fixed { 0 } else { reserved };
    let length = found
        .min(most + reserved)
        .saturating_sub(reserved)
        .max(least);
    let (number, rest) = digits.split_at_checked(length)?;
    let (number, _) = take_digits(number, length..=length)?;
    // A year has a plus just where it is longer than the pattern.
    let is_long = length > least && field == Field::Year && least >= 4;
    let fits = unsigned.is_some() || plus.is_some() == is_long;
    let number = if unsigned.is_some() { -number } else { number };
    fits.then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spark_refuses_and_what_is_not_here_are_told_apart() {
        use PatternError as E;
        let read = |pattern| Pattern::to_read(pattern).unwrap_err();
        assert_eq!(read("YYYY-ww"), E::Unknown("YYYY".into()));
        assert_eq!(read("MMMMM"), E::Unknown("MMMMM".into()));
        assert_eq!(read("yyyy G"), E::NotSupported("G".into()));
        assert_eq!(read("E yyyy"), E::NotReadable("E".into()));
        assert_eq!(read("yyyy'T"), E::Syntax('\''));
        let date = |pattern| Pattern::to_write(pattern, Kind::Date);
        assert!(date("yyyy HH").unwrap_err().to_string().contains("a date"));
        let ntz = |pattern| Pattern::to_write(pattern, Kind::TimestampNtz);
        assert!(ntz("HH XXX").is_err());
        assert!(ntz("HH[ XXX]").is_ok());
    }
}
