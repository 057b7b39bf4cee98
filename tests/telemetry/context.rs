//! A trace goes on: from who starts a run, through it, to whom it calls.

use crate::collector::Collector;
use crate::customer_orders::{hex, named};
use crate::hooks;
use crate::program::{Workplace, succeeded};
use crate::receiver::Receiver;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

#[test]
fn a_parent_a_run_and_a_hooks_receiver_are_one_trace() {
    let workplace = Workplace::empty();
    workplace.write("in.csv", "1\n");
    workplace.write("job.json", &hooks::workflow());
    let of_binary = workplace.command(hooks::pipeline());
    let of_samara = workplace.samara(&["run", "--workflow-filepath", "job.json"]);
    for mut command in [of_binary, of_samara] {
        let (receiver, collector) = (Receiver::start(), Collector::start());
        let output = command
            .args(collector.flags())
            .env("HOOKS_URL", receiver.url())
            .env("HOOKS_TOKEN", "hunter3")
            .env("TRACEPARENT", format!("00-{TRACE}-{PARENT}-01"))
            .output();
        let (out, _) = succeeded(&output.expect("the program starts"));
        assert!(out.contains(&format!("· trace {TRACE}\n")), "{out}");
        let spans = collector.spans();
        assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE));
        let run = named(&spans, "run hooked");
        assert_eq!(hex(&run.parent_span_id), PARENT);
        for request in receiver.requests() {
            let mut callers = spans.iter().filter(|span| span.name == "POST");
            let caller = callers.find(|span| {
                request.trace_parent == format!("00-{TRACE}-{}-01", hex(&span.span_id))
            });
            let caller = caller.expect("the span of the request");
            assert_eq!(caller.parent_span_id, named(&spans, "job silver").span_id);
        }
    }
}

/// The trace id, the parent and the state of the first hook's request, by what the run was given.
fn handed_on(parent: &str, state: &str) -> (String, String) {
    let workplace = Workplace::empty();
    workplace.write("in.csv", "1\n");
    let (receiver, collector) = (Receiver::start(), Collector::start());
    let output = workplace
        .command(hooks::pipeline())
        .args(collector.flags())
        .env("HOOKS_URL", receiver.url())
        .env("HOOKS_TOKEN", "hunter3")
        .env("TRACEPARENT", parent)
        .env("TRACESTATE", state)
        .output();
    succeeded(&output.expect("the program starts"));
    let request = receiver.requests()[0].clone();
    let trace = request.trace_parent.split('-').nth(1);
    (trace.unwrap_or_default().to_owned(), request.trace_state)
}

#[test]
fn what_the_specification_calls_valid_goes_on_and_nothing_else() {
    let (valid, many): (_, Vec<String>) = (
        format!("00-{TRACE}-{PARENT}-01"),
        (1..=32).map(|n| format!("bar{n}={n}")).collect(),
    );
    let most = many.join(",");
    for (parent, state, goes_on) in [
        (
            format!("cc-{TRACE}-{PARENT}-01-what-comes-next"),
            "a=1",
            true,
        ),
        (valid.clone(), most.as_str(), true),
        (format!("ff-{TRACE}-{PARENT}-01"), "a=1", false),
        (format!("00-{TRACE}-{PARENT}-01-more"), "a=1", false),
        (format!("00-{}-{PARENT}-01", "0".repeat(32)), "a=1", false),
        (
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            "a=1",
            false,
        ),
    ] {
        let (trace, handed) = handed_on(&parent, state);
        assert_eq!(trace == TRACE, goes_on, "{parent}");
        assert_eq!(handed, if goes_on { state } else { "" }, "{parent}");
        assert_ne!(trace, "0".repeat(32));
    }
    for state in [&format!("{most},one-more=1"), "a=1,a=2", "Upper=1"] {
        assert_eq!(handed_on(&valid, state), (TRACE.to_owned(), String::new()));
    }
}
