//! What a run ends with: its steps, with their rows, their time and their bytes.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use opentelemetry::TraceId;

use super::Exit;
use crate::step::StepReport;
use crate::telemetry::Unsent;

/// How a run ended, for a person.
pub(super) enum Ended {
    Well,
    Badly,
    Early,
}

impl Ended {
    pub fn by(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::Well,
            Exit::Interrupted => Self::Early,
            _ => Self::Badly,
        }
    }
}

/// The end of a run, as a table for a person.
pub(super) struct Summary {
    pub workflow: &'static str,
    pub ended: Ended,
    pub took: Duration,
    /// Why no trace is sent, if none is.
    pub unsent: Option<Unsent>,
    /// Whether this one is.
    pub sampled: bool,
    pub trace: TraceId,
    pub steps: Vec<StepReport>,
}

const HOW_TO_TRACE: &str = "no trace was sent: --otlp-traces-endpoint http://localhost:4318/v1/traces sends one to Jaeger or any collector\n";

const NOT_SAMPLED: &str = "no trace was sent: the trace that the run belongs to, or OTEL_TRACES_SAMPLER, does not sample it\n";

const HEADING: Style = Style::new().bold();
const FAILED: Style = AnsiColor::Red.on_default();

const HEAD: [&str; 5] = ["step", "rows in", "rows out", "busy", "bytes"];

impl Summary {
    /// Prints it to standard output.
    pub fn print(&self) {
        super::say(&self.text());
    }

    fn text(&self) -> String {
        let (ended, style) = match self.ended {
            Ended::Well => ("finished in", AnsiColor::Green.on_default()),
            Ended::Badly => ("failed after", FAILED),
            Ended::Early => ("interrupted after", AnsiColor::Yellow.on_default()),
        };
        let mut text = format!(
            "{} {style}{ended}{style:#} {}",
            self.workflow,
            seconds(self.took)
        );
        if self.trace != TraceId::INVALID {
            text.push_str(&format!(" · trace {}", self.trace));
        }
        text.push('\n');
        if !self.steps.is_empty() {
            text.push_str(&self.table());
        }
        text + &self.untraced()
    }

    fn untraced(&self) -> String {
        match &self.unsent {
            None if self.sampled => String::new(),
            None => NOT_SAMPLED.to_owned(),
            Some(Unsent::Unasked) => HOW_TO_TRACE.to_owned(),
            Some(Unsent::Unwanted(name)) => format!("no trace was sent: {name} says so\n"),
            Some(Unsent::Unable) => {
                "no trace was sent: a warning says why, and so does `doctor`\n".to_owned()
            }
        }
    }

    fn table(&self) -> String {
        let rows: Vec<[String; 5]> = self.steps.iter().map(cells).collect();
        let mut widths = HEAD.map(|name| name.chars().count());
        for row in &rows {
            widths
                .iter_mut()
                .zip(row)
                .for_each(|(width, cell)| *width = (*width).max(cell.chars().count()));
        }
        let mut table = line(&HEAD.map(str::to_owned), widths, HEADING, None);
        for (row, step) in rows.iter().zip(&self.steps) {
            let style = if step.failed { FAILED } else { Style::new() };
            let destination = step.measured.destination.as_deref();
            table.push_str(&line(row, widths, style, destination));
        }
        table
    }
}

fn line(
    cells: &[String; 5],
    widths: [usize; 5],
    style: Style,
    destination: Option<&str>,
) -> String {
    let mut text = format!("{:<width$}", cells[0], width = widths[0]);
    for (cell, width) in cells.iter().zip(widths).skip(1) {
        text.push_str(&format!("  {cell:>width$}"));
    }
    let mut text = format!("  {style}{}{style:#}", text.trim_end());
    if let Some(destination) = destination {
        text.push_str(&format!("  → {destination}"));
    }
    text.push('\n');
    text
}

fn cells(step: &StepReport) -> [String; 5] {
    let measured = &step.measured;
    let rows = |rows: Option<u64>| rows.map_or_else(|| "–".to_owned(), thousands);
    let name = if step.failed {
        format!("{} ✗", step.name)
    } else {
        step.name.to_owned()
    };
    let bytes = match (&measured.destination, measured.input_bytes) {
        (Some(_), _) => measured.output_bytes,
        (None, read) => read,
    };
    [
        name,
        rows(measured.input_rows),
        rows(measured.output_rows),
        measured.busy.map_or_else(String::new, seconds),
        bytes.map_or_else(String::new, size),
    ]
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 0.0995 => format!("{:.1} ms", seconds * 1e3),
        seconds if seconds < 99.5 => format!("{seconds:.2} s"),
        seconds => format!(
            "{} min {:02} s",
            (seconds / 60.0) as u64,
            (seconds % 60.0) as u64
        ),
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 999.5 && unit + 1 < units.len() {
        amount /= 1000.0;
        unit += 1;
    }
    if unit == 0 || amount >= 99.5 {
        format!("{amount:.0} {}", units[unit])
    } else {
        format!("{amount:.1} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::step::Measured;

    #[test]
    fn the_table_says_what_went_through_each_step_and_where_it_went() {
        let extract = Measured {
            output_rows: Some(2_000_000),
            input_bytes: Some(158_300_000),
            busy: Some(Duration::from_millis(420)),
            ..Measured::default()
        };
        let load = Measured {
            input_rows: Some(1_666_412),
            output_rows: Some(1_666_412),
            output_bytes: Some(950),
            busy: Some(Duration::from_micros(310)),
            destination: Some("out".to_owned()),
            ..Measured::default()
        };
        let step = |name, measured| StepReport {
            name,
            began: Instant::now(),
            failed: false,
            measured,
        };
        let summary = Summary {
            workflow: "customer-orders",
            ended: Ended::Well,
            took: Duration::from_millis(840),
            unsent: None,
            sampled: true,
            trace: TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap(),
            steps: vec![step("extract-orders", extract), step("load-orders", load)],
        };
        let coloured = summary.text();
        assert!(coloured.contains("\u{1b}[32mfinished in\u{1b}[0m"));
        assert_eq!(
            anstream::adapter::strip_str(&coloured).to_string(),
            "customer-orders finished in 0.84 s · trace 4bf92f3577b34da6a3ce929d0e0e4736
  step              rows in   rows out    busy   bytes
  extract-orders          –  2 000 000  0.42 s  158 MB
  load-orders     1 666 412  1 666 412  0.3 ms   950 B  → out
"
        );
    }

    #[test]
    fn a_trace_that_was_not_sent_is_told_with_its_reason() {
        let untraced = |unsent, sampled| {
            let summary = Summary {
                workflow: "orders",
                ended: Ended::Well,
                took: Duration::from_millis(840),
                unsent,
                sampled,
                trace: TraceId::INVALID,
                steps: Vec::new(),
            };
            summary.untraced()
        };
        assert_eq!(untraced(None, true), "");
        assert_eq!(untraced(None, false), NOT_SAMPLED);
        assert_eq!(untraced(Some(Unsent::Unasked), false), HOW_TO_TRACE);
        assert_eq!(
            untraced(
                Some(Unsent::Unwanted("OTEL_SDK_DISABLED".to_owned())),
                false
            ),
            "no trace was sent: OTEL_SDK_DISABLED says so\n"
        );
    }
}
