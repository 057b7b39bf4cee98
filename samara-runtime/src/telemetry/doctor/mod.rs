//! `doctor`: where telemetry would go, who said so, and whether it arrives there.
//!
//! It sends one real span, data point and log record to each endpoint, once, and says what came back, and what to do.

mod advice;
mod note;
mod probe;
mod table;

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use opentelemetry_sdk::Resource;
use uuid::Uuid;

use super::SHUTDOWN_LIMIT;
use super::configuration::{Chosen, Configuration, Exporter, Otlp, Timeout};
use super::delivery::Delivery;
use super::export::{Answer, Client};
use super::resource::{Service, resource};
use super::signal::Signal;
use super::trace_context::{self, Unusable};
use crate::settings::Settings;
use note::Note;

/// What was found.
///
/// # Examples
/// ```
/// use samara::Settings;
/// use samara::telemetry::{Service, doctor};
///
/// let report = doctor::examine(&Settings::default(), Service { name: "orders", ..Service::default() });
/// assert!(report.is_well(), "nothing is sent, so nothing is lost");
/// println!("{report}");
/// ```
#[derive(Debug)]
pub struct Report {
    configuration: Configuration,
    settings: Settings,
    unusable: Vec<Unusable>,
    notes: Vec<Note>,
    findings: Vec<Finding>,
}

/// The longest that somebody who looks waits for a server, whatever a run would do.
const PATIENCE: Timeout = Timeout(Duration::from_secs(10));

/// What became of one signal.
#[derive(Debug)]
struct Finding {
    signal: Signal,
    otlp: Otlp,
    outcome: Outcome,
    took: Duration,
}

/// What was sent, or why it could not be.
#[derive(Debug)]
enum Outcome {
    Answered(Answer),
    Unusable(String),
}

/// Resolves the settings as a run would, and tries each endpoint.
pub fn examine(settings: &Settings, service: Service<'_>) -> Report {
    let configuration = Configuration::of_process(settings);
    trace_context::set_propagators(&configuration.propagators.value);
    let (parent, unusable) = trace_context::parent_context(settings);
    let resource = resource(service, &Uuid::new_v4().to_string(), &configuration);
    let findings = match configuration.disabled {
        Some(_) => Vec::new(),
        None => findings(&configuration, &resource),
    };
    Report {
        notes: note::notes(&configuration, settings, &parent),
        configuration,
        settings: settings.clone(),
        unusable,
        findings,
    }
}

/// Tries all endpoints at once, so that servers that do not answer are waited for once.
fn findings(configuration: &Configuration, resource: &Resource) -> Vec<Finding> {
    thread::scope(|scope| {
        let probes: Vec<_> = Signal::ALL
            .into_iter()
            .filter_map(|signal| match configuration.exporter(signal) {
                Exporter::Otlp(otlp) => Some((signal, otlp)),
                Exporter::Console(_) | Exporter::None(_) => None,
            })
            .map(|(signal, otlp)| {
                scope.spawn(move || Finding::of(signal, otlp, configuration, resource))
            })
            .collect();
        let found = probes.into_iter().map(ScopedJoinHandle::join);
        found
            .map(|found| found.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

impl Finding {
    fn of(signal: Signal, otlp: &Otlp, configuration: &Configuration, resource: &Resource) -> Self {
        let mut hurried = otlp.clone();
        hurried.hurry(&Chosen::default(PATIENCE));
        let began = Instant::now();
        let delivery = Arc::new(Delivery::new(signal, configuration.exporter(signal)));
        let outcome = match Client::new(signal, &hurried, delivery) {
            Ok(client) => Outcome::Answered(client.send(probe::request(signal, resource))),
            Err(error) => Outcome::Unusable(error.to_string()),
        };
        Self {
            signal,
            otlp: otlp.clone(),
            outcome,
            took: began.elapsed(),
        }
    }

    fn is_well(&self) -> bool {
        self.is_taken() && self.took <= SHUTDOWN_LIMIT
    }

    fn is_taken(&self) -> bool {
        matches!(
            &self.outcome,
            Outcome::Answered(Answer::Taken {
                rejected: 0,
                understood: true,
                ..
            })
        )
    }
}

impl Report {
    /// Whether all settings count, and all that would be sent arrives before a run that ends stops waiting.
    pub fn is_well(&self) -> bool {
        self.configuration.ignored.is_empty()
            && self.unusable.is_empty()
            && self.findings.iter().all(Finding::is_well)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table::write(f, &self.configuration, &self.settings)?;
        for ignored in &self.configuration.ignored {
            writeln!(f, "! {ignored}")?;
        }
        for unusable in &self.unusable {
            writeln!(f, "! {unusable}")?;
        }
        for note in &self.notes {
            writeln!(f, "! {note}")?;
        }
        for finding in &self.findings {
            writeln!(f)?;
            finding.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            signal,
            otlp,
            outcome,
            took,
        } = self;
        let what = match signal {
            Signal::Traces => "span",
            Signal::Metrics => "data point",
            Signal::Logs => "log record",
        };
        let place = &otlp.endpoint.value;
        let advice = match outcome {
            Outcome::Unusable(reason) => {
                writeln!(f, "✗ {}: {reason}", signal.name())?;
                advice::of_inability(reason)
            }
            Outcome::Answered(answer) => {
                match answer.complaint() {
                    None if self.is_well() => writeln!(
                        f,
                        "✓ {}: {place} took a {what} in {} ms",
                        signal.name(),
                        took.as_millis()
                    )?,
                    None if self.is_taken() => writeln!(
                        f,
                        "✗ {}: {place} took a {what} after {:.1} s, too late for the end of a run",
                        signal.name(),
                        took.as_secs_f32()
                    )?,
                    None => writeln!(f, "✗ {}: {place} answered, but not in OTLP", signal.name())?,
                    Some(complaint) => writeln!(
                        f,
                        "✗ {}: {place} did not take a {what}: {complaint}",
                        signal.name()
                    )?,
                }
                match self.is_taken() && !self.is_well() {
                    true => advice::of_slowness(),
                    false => advice::advice(*signal, otlp, answer),
                }
            }
        };
        advice.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}
