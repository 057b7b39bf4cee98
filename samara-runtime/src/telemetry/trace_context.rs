//! Continuing a trace that another program began: W3C Trace Context, level 2 (<https://www.w3.org/TR/trace-context-2/>).
//!
//! The SDK's `TraceContextPropagator` is not used: it takes ids that are too short, signs in numbers and a trailing `-`, changes some list
//! members of a tracestate, and keeps silent about what it drops.

use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Context, global};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use parking_lot::RwLock;
use thiserror::Error;

use super::baggage;
use super::configuration::{Propagator, Propagators};
use crate::settings::{Given, Settings};

/// What requests hand on, and what of the caller's is taken on. All, until something else is said.
static PROPAGATED: RwLock<Option<Vec<Propagator>>> = RwLock::new(None);

/// Says what requests hand on from now on (`OTEL_PROPAGATORS`), those of other libraries, too, which ask OpenTelemetry's global propagator.
pub(super) fn set_propagators(propagators: &Propagators) {
    *PROPAGATED.write() = Some(propagators.0.clone());
    let of_others = propagators
        .0
        .iter()
        .filter_map(|propagator| match propagator {
            Propagator::TraceContext => Some(boxed(TraceContextPropagator::new())),
            Propagator::Baggage => Some(boxed(BaggagePropagator::new())),
            Propagator::None => None,
        });
    global::set_text_map_propagator(TextMapCompositePropagator::new(of_others.collect()));
}

fn boxed(
    propagator: impl TextMapPropagator + Send + Sync + 'static,
) -> Box<dyn TextMapPropagator + Send + Sync> {
    Box::new(propagator)
}

fn propagates(propagator: Propagator) -> bool {
    PROPAGATED
        .read()
        .as_ref()
        .is_none_or(|propagated| propagated.contains(&propagator))
}

/// What of a caller's context counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Unusable {
    #[error("began a new trace: the traceparent {value:?} of {origin} is invalid: {source}")]
    Parent {
        value: String,
        origin: &'static str,
        source: TraceParentError,
    },
    #[error(
        "continued the trace without the tracestate {value:?} of {origin}: it is invalid: {source}"
    )]
    State {
        value: String,
        origin: &'static str,
        source: TraceStateError,
    },
    #[error("ignored the tracestate of {0}: no traceparent was given")]
    StateAlone(&'static str),
    #[error("left out what is not valid of the baggage of {origin}: {count} of its members")]
    Baggage { origin: &'static str, count: usize },
}

/// The context in which a run begins, with the given remote parent and baggage or without what is not given or not valid, and what that is.
///
/// An invalid `traceparent` begins a new trace; with an invalid `tracestate` the trace goes on without it.
pub(super) fn parent_context(settings: &Settings) -> (Context, Vec<Unusable>) {
    let mut unusable = Vec::new();
    let mut context = Context::new();
    if propagates(Propagator::TraceContext)
        && let Some(parent) = remote_parent(settings, &mut unusable)
    {
        context = context.with_remote_span_context(parent);
    }
    if propagates(Propagator::Baggage)
        && let Some(given) = &settings.baggage
    {
        let (with_baggage, count) = baggage::received(&context, &given.value);
        context = with_baggage;
        unusable.extend((count > 0).then_some(Unusable::Baggage {
            origin: given.origin,
            count,
        }));
    }
    (context, unusable)
}

fn remote_parent(settings: &Settings, unusable: &mut Vec<Unusable>) -> Option<SpanContext> {
    let Some(parent) = &settings.trace_parent else {
        let state = settings.trace_state.as_ref();
        unusable.extend(state.map(|state| Unusable::StateAlone(state.origin)));
        return None;
    };
    match TraceParent::parse(&parent.value) {
        Ok(parent) => {
            let state = settings.trace_state.as_ref();
            Some(parent.span_context(trace_state(state, unusable)))
        }
        Err(source) => {
            unusable.push(Unusable::Parent {
                value: parent.value.clone(),
                origin: parent.origin,
                source,
            });
            None
        }
    }
}

/// The headers by which a request carries a trace and baggage on: none if the context has neither.
#[cfg(feature = "engine")]
pub(crate) fn headers(context: &Context) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    let span = context.span();
    let span = span.span_context();
    if span.is_valid() && propagates(Propagator::TraceContext) {
        let flags = span.trace_flags().to_u8();
        headers.push((
            "traceparent",
            format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id()),
        ));
        headers.push(("tracestate", span.trace_state().header()));
    }
    if propagates(Propagator::Baggage) {
        headers.extend(baggage::header(context).map(|baggage| (baggage::HEADER, baggage)));
    }
    headers.retain(|(_, value)| !value.is_empty());
    headers
}

fn trace_state(given: Option<&Given>, unusable: &mut Vec<Unusable>) -> TraceState {
    let Some(given) = given else {
        return TraceState::NONE;
    };
    parse_trace_state(&given.value).unwrap_or_else(|source| {
        unusable.push(Unusable::State {
            value: given.value.clone(),
            origin: given.origin,
            source,
        });
        TraceState::NONE
    })
}

/// A valid `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TraceParent {
    trace_id: TraceId,
    parent_id: SpanId,
    flags: TraceFlags,
}

/// Why a text is no valid `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum TraceParentError {
    #[error("expected `version-traceid-parentid-flags` of 2, 32, 16 and 2 characters")]
    Form,
    #[error("its {0} holds something else than lower case hexadecimal digits")]
    Digits(&'static str),
    #[error("version ff is forbidden")]
    Version,
    #[error("version 00 has nothing after its flags")]
    Trailing,
    #[error("its {0} is all zeros")]
    Zero(&'static str),
}

impl TraceParent {
    /// Of a version that is not known yet, the part that looks like version 00 is read (section 3.2.4, "Versioning of traceparent").
    fn parse(text: &str) -> Result<Self, TraceParentError> {
        let mut fields = text.trim_matches([' ', '\t']).splitn(5, '-');
        let mut field = |length| {
            fields
                .next()
                .filter(|field| field.len() == length)
                .ok_or(TraceParentError::Form)
        };
        let (version, trace_id, parent_id, flags) = (field(2)?, field(32)?, field(16)?, field(2)?);
        let version = hexadecimal("version", version)?;
        if version == 0xff {
            return Err(TraceParentError::Version);
        }
        let trace_id = nonzero("trace id", hexadecimal("trace id", trace_id)?)?;
        let parent_id = nonzero("parent id", hexadecimal("parent id", parent_id)?)?;
        let flags = hexadecimal("flags", flags)?;
        if version == 0 && fields.next().is_some() {
            return Err(TraceParentError::Trailing);
        }
        Ok(Self {
            trace_id: TraceId::from(trace_id),
            parent_id: SpanId::from(parent_id as u64),
            flags: TraceFlags::new(flags as u8 & known_flags(version)),
        })
    }

    fn span_context(self, state: TraceState) -> SpanContext {
        SpanContext::new(self.trace_id, self.parent_id, self.flags, true, state)
    }
}

/// The flags that mean something: "sampled", and in the version known here "random trace id", which is handed on as it came (section 3.2.2.5,
/// "trace-flags"). Others must not be.
fn known_flags(version: u128) -> u8 {
    match version {
        0 => 0x03,
        _ => 0x01,
    }
}

/// The value of a field of at most 32 digits.
fn hexadecimal(name: &'static str, digits: &str) -> Result<u128, TraceParentError> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    // The digits are checked before, since `from_str_radix` also takes a sign and upper case.
    let digits = Some(digits).filter(|digits| digits.bytes().all(is_digit));
    digits
        .and_then(|digits| u128::from_str_radix(digits, 16).ok())
        .ok_or(TraceParentError::Digits(name))
}

fn nonzero(name: &'static str, id: u128) -> Result<u128, TraceParentError> {
    if id == 0 {
        Err(TraceParentError::Zero(name))
    } else {
        Ok(id)
    }
}

/// Why a text is no valid `tracestate`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum TraceStateError {
    #[error("it has {0} list members, and 32 are the most")]
    Length(usize),
    #[error("`{0}` is not of the form `key=value`")]
    Member(String),
    #[error("`{0}` is no valid key")]
    Key(String),
    #[error("the value of `{0}` is not valid")]
    Value(String),
    #[error("the key `{0}` comes twice")]
    Twice(String),
    #[error("it has what the SDK does not take")]
    Other,
}

/// Reads a `tracestate` as section 3.3 says: empty members are skipped, blanks around members are dropped, order is kept.
fn parse_trace_state(text: &str) -> Result<TraceState, TraceStateError> {
    let members = text
        .split(',')
        .map(|member| member.trim_matches([' ', '\t']))
        .filter(|member| !member.is_empty());
    let members = members.map(parse_member).collect::<Result<Vec<_>, _>>()?;
    if members.len() > 32 {
        return Err(TraceStateError::Length(members.len()));
    }
    // Section 3.3.1.3: "only one entry per key is allowed". The SDK would keep both.
    let twice = members
        .iter()
        .enumerate()
        .find(|(index, (key, _))| members[..*index].iter().any(|(earlier, _)| earlier == key));
    if let Some((_, (key, _))) = twice {
        return Err(TraceStateError::Twice((*key).to_owned()));
    }
    // What is left for the SDK to refuse: it takes systems of 13 characters at most, where 14 are allowed (opentelemetry 0.33).
    TraceState::from_key_value(members).map_err(|_| TraceStateError::Other)
}

fn parse_member(member: &str) -> Result<(&str, &str), TraceStateError> {
    let (key, value) = member
        .split_once('=')
        .ok_or_else(|| TraceStateError::Member(member.to_owned()))?;
    if !is_key(key) {
        return Err(TraceStateError::Key(key.to_owned()));
    }
    if !is_value(value) {
        return Err(TraceStateError::Value(key.to_owned()));
    }
    Ok((key, value))
}

/// Section 3.3.1.3.1, and of keys with an `@` what level 1 and the working group's tests add: they are of the form `tenant@system`, of at most 241
/// and 14 characters.
fn is_key(key: &str) -> bool {
    match key.split_once('@') {
        None => is_simple_key(key, 256),
        Some((tenant, system)) => is_simple_key(tenant, 241) && is_simple_key(system, 14),
    }
}

/// `( lcalpha / DIGIT ) *( lcalpha / DIGIT / "_" / "-" / "*" / "/" )`
fn is_simple_key(key: &str, longest: usize) -> bool {
    let first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = key.as_bytes();
    bytes.len() <= longest
        && bytes.first().is_some_and(|byte| first(*byte))
        && bytes
            .iter()
            .all(|byte| first(*byte) || b"_-*/".contains(byte))
}

/// Section 3.3.1.3.2: at most 256 printable ASCII characters but `,` and `=`, the last one no blank; one is the least.
fn is_value(value: &str) -> bool {
    (1..=256).contains(&value.len())
        && value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";

    fn settings(parent: Option<&str>, state: Option<&str>) -> Settings {
        let given = |value: &str, origin| Given {
            value: value.to_owned(),
            origin,
        };
        Settings {
            trace_parent: parent.map(|value| given(value, "TRACEPARENT")),
            trace_state: state.map(|value| given(value, "--trace-state")),
            ..Settings::default()
        }
    }

    /// The parent's span context, and what was warned of.
    fn continued(parent: Option<&str>, state: Option<&str>) -> (SpanContext, String) {
        let (context, unusable) = parent_context(&settings(parent, state));
        let told = unusable.iter().map(Unusable::to_string).collect();
        (context.span().span_context().clone(), told)
    }

    #[test]
    fn a_valid_parent_is_continued_with_its_state_and_flag() {
        for (flags, known) in [("00", 0), ("01", 1), ("03", 3), ("fe", 2)] {
            let (parent, log) = continued(
                Some(&format!("00-{TRACE}-{PARENT}-{flags}")),
                Some("congo=t61rcWkgMzE, rojo=00f067aa0ba902b7"),
            );
            assert_eq!(
                (parent.trace_id().to_string(), parent.span_id().to_string()),
                (TRACE.to_owned(), PARENT.to_owned())
            );
            assert_eq!(parent.trace_flags(), TraceFlags::new(known));
            assert_eq!(
                parent.trace_state().header(),
                "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"
            );
            assert!(parent.is_remote() && log.is_empty(), "{log}");
        }
    }

    #[test]
    fn a_parent_of_a_later_version_is_read_as_far_as_it_is_known() {
        for text in [
            format!("cc-{TRACE}-{PARENT}-01"),
            format!("01-{TRACE}-{PARENT}-01-what-comes-next"),
            format!("01-{TRACE}-{PARENT}-01-"),
        ] {
            assert!(TraceParent::parse(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn blanks_around_a_parent_are_no_part_of_it() {
        for (before, after) in [(" ", ""), ("\t", ""), ("", " "), ("", "\t"), ("\t ", " \t")] {
            let text = format!("{before}00-{TRACE}-{PARENT}-01{after}");
            assert!(TraceParent::parse(&text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn an_invalid_parent_is_refused_with_its_reason() {
        use TraceParentError::*;
        let cases = [
            (String::new(), Form),
            ("00-trace-id-span-id-01".to_owned(), Form),
            (format!("00-{TRACE}-{PARENT}"), Form),
            (format!("0-{TRACE}-{PARENT}-01"), Form),
            (format!("000-{TRACE}-{PARENT}-01"), Form),
            (format!("00-{}-{PARENT}-01", &TRACE[1..]), Form),
            (format!("00-{TRACE}-{PARENT}0-01"), Form),
            (format!("00-{TRACE}-{PARENT}-1"), Form),
            (format!("cc-{TRACE}-{PARENT}-01.what"), Form),
            (format!("00-{TRACE}-{PARENT}-01."), Form),
            (format!("00-{TRACE}-{PARENT}-001"), Form),
            (format!("0000-{TRACE}-{PARENT}-01"), Form),
            (format!("00-{TRACE}0-{PARENT}-01"), Form),
            (format!("00-{TRACE}-{}-01", &PARENT[1..]), Form),
            (format!("00_{TRACE}_{PARENT}_01"), Form),
            (format!(".0-{TRACE}-{PARENT}-01"), Digits("version")),
            (format!("0.-{TRACE}-{PARENT}-01"), Digits("version")),
            (
                format!("00-.{}-{PARENT}-01", &TRACE[1..]),
                Digits("trace id"),
            ),
            (
                format!("00-{TRACE}-{}.-01", &PARENT[1..]),
                Digits("parent id"),
            ),
            (format!("00-{TRACE}-{PARENT}-.0"), Digits("flags")),
            (format!("00-{TRACE}-{PARENT}-0."), Digits("flags")),
            (format!("ff-{TRACE}-{PARENT}-01"), Version),
            (format!("ff-{TRACE}-{PARENT}-01-more"), Version),
            (format!("FE-{TRACE}-{PARENT}-01"), Digits("version")),
            (format!("+0-{TRACE}-{PARENT}-01"), Digits("version")),
            (
                format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
                Digits("trace id"),
            ),
            (
                format!("00-{TRACE}-{}-01", PARENT.to_uppercase()),
                Digits("parent id"),
            ),
            (format!("00-{TRACE}-{PARENT}-0G"), Digits("flags")),
            (
                format!("00-{}-{PARENT}-01", "0".repeat(32)),
                Zero("trace id"),
            ),
            (
                format!("00-{TRACE}-{}-01", "0".repeat(16)),
                Zero("parent id"),
            ),
            (format!("00-{TRACE}-{PARENT}-01-"), Trailing),
            (format!("00-{TRACE}-{PARENT}-01-more"), Trailing),
            (
                format!("00-{}é-{PARENT}-01", "a".repeat(30)),
                Digits("trace id"),
            ),
        ];
        for (text, error) in cases {
            assert_eq!(TraceParent::parse(&text), Err(error), "{text}");
        }
    }

    #[test]
    fn an_invalid_parent_is_one_warning_that_names_its_origin_and_a_new_trace() {
        let (parent, log) = continued(Some("00-trace-id-span-id-01"), Some("a=b"));
        assert!(!parent.is_valid());
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(
            log.contains("TRACEPARENT") && log.contains("00-trace-id-span-id-01"),
            "{log}"
        );
    }

    #[test]
    fn an_invalid_state_is_one_warning_and_the_trace_goes_on_without_it() {
        let (parent, log) = continued(Some(&format!("00-{TRACE}-{PARENT}-01")), Some("No=t"));
        assert!(parent.is_valid() && parent.trace_state().header().is_empty());
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(
            log.contains("--trace-state") && log.contains("`No`"),
            "{log}"
        );
    }

    #[test]
    fn a_state_without_a_parent_is_ignored_with_a_warning() {
        let (parent, log) = continued(None, Some("a=b"));
        assert!(!parent.is_valid());
        assert_eq!(log.lines().count(), 1, "{log}");
    }

    #[cfg(feature = "engine")]
    #[test]
    fn what_was_continued_is_handed_on_as_it_came() {
        for flags in ["00", "01", "03"] {
            let parent = format!("00-{TRACE}-{PARENT}-{flags}");
            let state = "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7";
            let (context, _) = parent_context(&settings(Some(&parent), Some(state)));
            let expected = [("traceparent", parent), ("tracestate", state.to_owned())];
            assert_eq!(headers(&context), expected);
        }
        assert_eq!(headers(&Context::new()), []);
    }

    #[test]
    fn nothing_given_is_nothing_said() {
        let (parent, log) = continued(None, None);
        assert!(!parent.is_valid() && log.is_empty(), "{log}");
    }

    #[test]
    fn empty_members_and_blanks_are_allowed_in_a_state() {
        for (text, header) in [
            ("", ""),
            (" a=1 ,,\tb=2\t,", "a=1,b=2"),
            ("a=x y,t@v=1", "a=x y,t@v=1"),
            ("foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"),
            ("\t foo=1 \t", "foo=1"),
        ] {
            assert_eq!(
                parse_trace_state(text)
                    .map(|state| state.header())
                    .as_deref(),
                Ok(header)
            );
        }
    }

    #[test]
    fn a_state_may_be_as_long_as_the_specification_allows() {
        let many: Vec<String> = (1..=32).map(|n| format!("bar{n:02}={n:02}")).collect();
        let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
        let printable = (' '..='~').filter(|character| !matches!(character, ',' | '='));
        let characters: String = printable.collect();
        for text in [
            many.join(","),
            format!("foo=1,{}=1", "z".repeat(256)),
            format!("foo=1,{}@{}=1", "t".repeat(241), "v".repeat(13)),
            format!("a={}", "x".repeat(256)),
            format!("{key}={characters}"),
            format!("{key}@a-z0-9_-*/={characters}"),
        ] {
            let state = parse_trace_state(&text);
            assert_eq!(state.map(|state| state.header()), Ok(text));
        }
    }

    #[test]
    fn an_invalid_state_is_refused_with_its_reason() {
        use TraceStateError::*;
        let many: Vec<String> = (0..33).map(|n| format!("k{n}=v")).collect();
        let cases = [
            ("a".to_owned(), Member("a".into())),
            ("=1".to_owned(), Key("".into())),
            ("A=1".to_owned(), Key("A".into())),
            ("a b=1".to_owned(), Key("a b".into())),
            ("a=".to_owned(), Value("a".into())),
            ("a=b=c".to_owned(), Value("a".into())),
            ("a=\u{e9}".to_owned(), Value("a".into())),
            (format!("a={}", "x".repeat(257)), Value("a".into())),
            (many.join(","), Length(33)),
            ("foo=1,foo=1".to_owned(), Twice("foo".into())),
            ("foo=1,bar=2,foo=3".to_owned(), Twice("foo".into())),
            ("foo =1".to_owned(), Key("foo ".into())),
            ("foo.bar=1".to_owned(), Key("foo.bar".into())),
            ("foo=1,\u{e9}=2".to_owned(), Key("\u{e9}".into())),
            ("foo=\u{1}".to_owned(), Value("foo".into())),
            ("foo=,bar=3".to_owned(), Value("foo".into())),
            ("foo@=1,bar=2".to_owned(), Key("foo@".into())),
            ("@foo=1,bar=2".to_owned(), Key("@foo".into())),
            ("foo@@bar=1,bar=2".to_owned(), Key("foo@@bar".into())),
            ("foo@bar@baz=1".to_owned(), Key("foo@bar@baz".into())),
            (format!("{}=1", "z".repeat(257)), Key("z".repeat(257))),
            (
                format!("{}@v=1", "t".repeat(242)),
                Key(format!("{}@v", "t".repeat(242))),
            ),
            (
                format!("t@{}=1", "v".repeat(15)),
                Key(format!("t@{}", "v".repeat(15))),
            ),
        ];
        for (text, error) in cases {
            assert_eq!(
                parse_trace_state(&text).map(|state| state.header()),
                Err(error),
                "{text}"
            );
        }
    }
}
