//! Runs that end before they are done: by a signal, and by a panic.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver as Lines};
use std::time::{Duration, Instant};

use crate::collector::{Collector, attributes};
use crate::program::{Workplace, succeeded};
use crate::receiver::Receiver;

/// A job that would write 400 million rows, with a hook for each moment.
fn workflow(id: &str) -> String {
    let hook = |moment: &str, delay: u8| {
        format!(
            r#""{moment}": [{{"id": "{moment}", "action_type": "http", "url": "${{HOOKS_URL}}/{moment}", "method": "POST",
                "timeout": 30, "retry": {{"max_attempts": 1, "delay_in_seconds": {delay}}}}}]"#
        )
    };
    let hooks = [
        hook("onStart", 30),
        hook("onError", 1),
        hook("onSuccess", 1),
        hook("onFinally", 30),
    ];
    let extract = |id: &str| {
        format!(
            r#"{{"id": "{id}", "extract_type": "file", "data_format": "csv", "location": "in.csv",
                "schema": "{{\"fields\": [{{\"name\": \"{id}\", \"type\": \"long\"}}]}}"}}"#
        )
    };
    format!(
        r#"{{"workflow": {{"id": "{id}", "jobs": [{{"id": "square",
  "extracts": [{}, {}],
  "transforms": [{{"id": "pairs", "upstream_id": "a", "functions": [
    {{"function_type": "join", "arguments": {{"other_upstream_id": "b", "on": [], "how": "cross"}}}}]}}],
  "loads": [{{"id": "out", "upstream_id": "pairs", "load_type": "file", "data_format": "csv", "location": "out", "mode": "overwrite"}}],
  "hooks": {{{}}}}}]}}}}"#,
        extract("a"),
        extract("b"),
        hooks.join(", ")
    )
}

/// The pipeline, built by the first test that asks.
pub fn pipeline() -> &'static Path {
    static PIPELINE: OnceLock<PathBuf> = OnceLock::new();
    PIPELINE.get_or_init(|| {
        let workplace = Workplace::empty();
        workplace.write("job.json", &workflow("square"));
        workplace.build_for_all("job.json", "square")
    })
}

/// A workplace with input, and with output of an earlier run.
pub fn workplace() -> Workplace {
    let workplace = Workplace::empty();
    let rows: String = (0..20_000).map(|row| format!("{row}\n")).collect();
    workplace.write("in.csv", &rows);
    std::fs::create_dir(workplace.path().join("out")).expect("a directory");
    workplace.write("out/part-old.csv", "old\n");
    workplace
}

/// A pipeline that runs, and its log.
pub struct Run {
    child: Child,
    log: Lines<String>,
}

impl Run {
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (line, log) = mpsc::channel();
        std::thread::spawn(move || {
            for text in stderr.lines().map_while(Result::ok) {
                let _ = line.send(text);
            }
        });
        Self { child, log }
    }

    pub fn send(&self, signal: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &id]).status();
        assert!(status.expect("kill starts").success());
    }

    /// Waits until the log has a line with this text.
    fn until_logged(&self, text: &str) {
        let limit = Duration::from_secs(30);
        while !self.log.recv_timeout(limit).expect(text).contains(text) {}
    }

    /// How it ends, and how long that takes.
    pub fn end(mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < Duration::from_secs(30), "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Run {
    /// Whatever it writes, it does not go on for ever.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What lies in a workplace beside its input: staged output too.
fn entries(workplace: &Workplace) -> Vec<String> {
    let entries = std::fs::read_dir(workplace.path()).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Waits until rows are being written.
fn until_writing(workplace: &Workplace) {
    let began = Instant::now();
    let is_writing = || {
        let entries = std::fs::read_dir(workplace.path()).expect("a directory");
        let staging = entries.flatten().filter(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().starts_with(".out.")
        });
        let files = staging.filter_map(|staging| std::fs::read_dir(staging.path()).ok());
        let mut files = files.flatten().flatten();
        files.any(|file| file.metadata().is_ok_and(|metadata| metadata.len() > 0))
    };
    while !is_writing() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "nothing is written"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_signal_ends_a_long_load_in_order() {
    for signal in ["-TERM", "-INT"] {
        let (workplace, receiver, collector) = (workplace(), Receiver::start(), Collector::start());
        let mut command = workplace.command(pipeline());
        command
            .args(collector.flags())
            .env("HOOKS_URL", receiver.url());
        let run = Run::start(&mut command);
        until_writing(&workplace);
        run.send(signal);
        run.until_logged(&format!("SIG{}: the run ends in order", &signal[1..]));
        let (status, took) = run.end();
        assert_eq!(status.code(), Some(98));
        assert!(took < Duration::from_secs(10), "{took:?}");
        assert_eq!(
            entries(&workplace),
            ["in.csv", "out"],
            "nothing staged is left"
        );
        assert_eq!(workplace.parts("out"), "old\n", "the output is what it was");
        let paths: Vec<String> = receiver
            .requests()
            .into_iter()
            .map(|hook| hook.path)
            .collect();
        assert_eq!(paths, ["/onStart", "/onFinally"]);
        let spans = collector.spans();
        let named = |name: &str| spans.iter().find(|span| span.name == name).expect(name);
        let run = attributes(&named("run square").attributes);
        assert_eq!(run["samara.run.outcome"], "interrupted");
        for (name, class) in [
            ("run square", "Interrupted"),
            ("job square", "Interrupted"),
            ("pairs", "cancelled"),
            ("out", "cancelled"),
        ] {
            let span = attributes(&named(name).attributes);
            assert_eq!(span["error.type"], class, "{name}");
        }
    }
}

/// A port of its own, and the URL that leads to it.
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    (listener, url)
}

#[test]
fn a_signal_ends_the_wait_between_two_attempts_of_a_hook() {
    let workplace = workplace();
    let (server, url) = listener();
    let mut command = workplace.command(pipeline());
    let run = Run::start(command.env("HOOKS_URL", url));
    drop(server.accept().expect("the first attempt"));
    run.send("-TERM");
    drop(server);
    let (status, took) = run.end();
    assert_eq!(status.code(), Some(98));
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(workplace.parts("out"), "old\n");
}

#[test]
fn a_request_on_its_way_is_left_to_itself_seconds_after_a_signal() {
    let workplace = workplace();
    let (server, url) = listener();
    let mut command = workplace.command(pipeline());
    let run = Run::start(command.env("HOOKS_URL", url));
    // `onStart` and then `onFinally` would wait for half a minute each.
    let _held = server.accept().expect("the hook");
    run.send("-TERM");
    run.until_logged("hook `onStart` failed: the run was interrupted");
    let (status, took) = run.end();
    assert_eq!(status.code(), Some(98));
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert_eq!(workplace.parts("out"), "old\n");
}

#[test]
fn a_second_signal_ends_a_run_whose_log_nobody_reads() {
    let (workplace, receiver) = (workplace(), Receiver::start());
    let (unread, mut log) = std::io::pipe().expect("a pipe");
    // What is written from here on waits for a reader.
    let full = std::thread::spawn({
        let mut log = log.try_clone().expect("a pipe");
        move || log.write_all(&[b' '; 1 << 20])
    });
    let mut command = workplace.command(pipeline());
    let command = command
        .env("HOOKS_URL", receiver.url())
        .stdout(Stdio::null());
    let child = command.stderr(log.try_clone().expect("a pipe")).spawn();
    let run = Run {
        child: child.expect("the program starts"),
        log: mpsc::channel().1,
    };
    until_writing(&workplace);
    run.send("-TERM");
    std::thread::sleep(Duration::from_millis(500));
    run.send("-TERM");
    let (status, took) = run.end();
    assert_eq!(status.code(), Some(98));
    assert!(took < Duration::from_secs(5), "{took:?}");
    drop(unread);
    let _ = (log.flush(), full.join());
}

/// A server that answers `/onStart` and keeps silent at anything else; its address.
fn half_silent_server() -> String {
    let (listener, url) = listener();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            let mut line = String::new();
            let _ = BufReader::new(&stream).read_line(&mut line);
            if line.contains("/onStart") {
                let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
                stream.write_all(answer).expect("the client listens");
            } else {
                held.push(stream);
            }
        }
    });
    url
}

#[test]
fn a_hook_that_nobody_answers_keeps_an_interrupted_run_for_seconds_and_a_second_signal_ends_it_at_once()
 {
    let url = half_silent_server();
    for signals in [1, 2] {
        let workplace = workplace();
        let mut command = workplace.command(pipeline());
        let run = Run::start(command.env("HOOKS_URL", &url));
        until_writing(&workplace);
        run.send("-TERM");
        run.until_logged("the run ends in order");
        std::thread::sleep(Duration::from_millis(500));
        if signals == 2 {
            run.send("-TERM");
        }
        let (status, took) = run.end();
        assert_eq!(status.code(), Some(98));
        let seconds = took.as_secs_f64();
        match signals {
            1 => assert!((3.0..8.0).contains(&seconds), "{seconds}"),
            _ => assert!(seconds < 1.0, "{seconds}"),
        }
        assert_eq!(workplace.parts("out"), "old\n");
    }
}

#[test]
fn a_panic_in_a_hand_written_step_is_99_and_telemetry_is_delivered() {
    let workplace = workplace();
    workplace.write("job.json", &workflow("panicking"));
    let emit = ["emit", "job.json", "--emit-dir", "crate"];
    succeeded(&workplace.samara(&emit).output().expect("samara starts"));
    let step = "fn pairs(a: DataFrame, b: DataFrame) -> Result<DataFrame> {";
    let job = workplace.read("crate/src/square.rs");
    assert!(job.contains(step), "{job}");
    let job = job.replace(
        step,
        &format!("{step}\n    assert!(a.columns().is_empty(), \"a bug\");"),
    );
    workplace.write("crate/src/square.rs", &job);
    let (receiver, collector) = (Receiver::start(), Collector::start());
    let mut command = workplace.command(&workplace.cargo_build("crate"));
    command
        .args(collector.flags())
        .env("HOOKS_URL", receiver.url());
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(99));
    let paths: Vec<String> = receiver
        .requests()
        .into_iter()
        .map(|hook| hook.path)
        .collect();
    assert_eq!(paths, ["/onStart", "/onError", "/onFinally"]);
    let spans = collector.spans();
    for name in ["pairs", "job square", "run panicking"] {
        let span = spans.iter().find(|span| span.name == name).expect(name);
        assert_eq!(
            attributes(&span.attributes)["error.type"],
            "panic",
            "{name}"
        );
    }
    assert_eq!(workplace.parts("out"), "old\n");
}
