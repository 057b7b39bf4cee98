//! The name of every span, metric and attribute that a run reports: nowhere else is one written down.
//!
//! Names that OpenTelemetry's semantic conventions define are used as they stand there; all others begin with `samara.`.
//!
//! A span name must be of low cardinality (OpenTelemetry specification, Trace API, "Span"): it names a class of work, not one
//! execution of it. Ids of workflows, jobs and steps are constants of a program, so they may stand in span names; whatever
//! differs from run to run (rows, paths, trace ids) is an attribute.

/// Instrumentation scope of all spans and metrics: the name to give `opentelemetry::global::tracer` and `meter`.
pub const SCOPE: &str = "samara";

/// Name of the root span: `run customer-orders`, in the form `{action} {pipeline}` that the CI/CD conventions give pipeline runs.
pub fn run_span(workflow: &str) -> String {
    format!("run {workflow}")
}

/// As [`run_span`], of a workflow that is looked at without being run: `validate customer-orders`.
pub fn validate_span(workflow: &str) -> String {
    format!("validate {workflow}")
}

/// Name of a job's span, a child of the run's: `job silver`.
///
/// A step's span, a child of its job's, is named by the step's id alone: a constant, so that a step costs no allocation.
pub fn job_span(job: &str) -> String {
    format!("job {job}")
}

/// Name of the span, and text of the log record, that `doctor` sends.
pub const DOCTOR: &str = "samara doctor";

/// Counter of unit `{probe}` that `doctor` sends.
pub const DOCTOR_PROBES: &str = "samara.doctor.probes";

/// Counter of unit `1`: how often a command was invoked. Attribute: [`COMMAND`].
pub const RUN_INVOCATIONS: &str = "samara.cli.run.invocations";

/// Histogram in seconds: the duration of a run. Boundaries: [`DURATION_BOUNDARIES`]; attributes: [`RUN_OUTCOME`], and [`ERROR_TYPE`] if it failed.
pub const RUN_DURATION: &str = "samara.run.duration";

/// Counter of unit `{run}`: runs that failed. Attribute: [`ERROR_TYPE`].
pub const RUN_FAILURES: &str = "samara.run.failures";

/// Gauge in seconds since 1970: when a run ended. Attribute: [`RUN_OUTCOME`].
pub const RUN_END_TIME: &str = "samara.run.end_time";

/// Histogram in seconds: the duration of a validation. Boundaries: [`DURATION_BOUNDARIES`]; attribute: [`ERROR_TYPE`] if it found something.
pub const VALIDATION_DURATION: &str = "samara.validation.duration";

/// Histogram in seconds: the duration of a job. Boundaries: [`DURATION_BOUNDARIES`]; attributes: [`JOB_NAME`], and [`ERROR_TYPE`] if it failed.
pub const JOB_DURATION: &str = "samara.job.duration";

/// Counter of unit `{request}`: hooks of jobs. Attributes: [`HOOK_NAME`], and [`ERROR_TYPE`] if it could not be sent.
pub const HOOK_REQUESTS: &str = "samara.hook.requests";

/// Counter of unit `{notification}`: alerts, one for each channel. Attributes: [`ALERT_CHANNEL`], and [`ERROR_TYPE`] if it could not be sent.
pub const ALERT_NOTIFICATIONS: &str = "samara.alert.notifications";

/// Id of the hook, on its requests' spans, too (string).
pub const HOOK_NAME: &str = "samara.hook.name";

/// Id of the channel of an alert, on its requests' spans, too (string).
pub const ALERT_CHANNEL: &str = "samara.alert.channel";

/// Histogram in seconds: the duration of a step's call or, if that gives rows, until the last one has streamed through. Boundaries: [`DURATION_BOUNDARIES`];
/// attributes: [`STEP_NAME`], [`STEP_KIND`], [`JOB_NAME`] if it was called in a job, and [`ERROR_TYPE`] if it failed or was cut off.
pub const STEP_DURATION: &str = "samara.step.duration";

/// Bucket boundaries of durations, in seconds: from a millisecond, a step over a few rows, to four hours, a night's batch.
pub const DURATION_BOUNDARIES: [f64; 22] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0,
];

/// The command that was invoked (string): the value is [`COMMAND_RUN`].
pub const COMMAND: &str = "command";

/// Value of [`COMMAND`] for a run.
pub const COMMAND_RUN: &str = "run";

/// Id of the workflow, on the run's span (string).
pub const WORKFLOW_NAME: &str = "samara.workflow.name";

/// How the run ended, on the run's span (string): [`OUTCOME_SUCCESS`], [`OUTCOME_FAILURE`] or [`OUTCOME_INTERRUPTED`].
pub const RUN_OUTCOME: &str = "samara.run.outcome";

/// Value of [`RUN_OUTCOME`]: every job succeeded.
pub const OUTCOME_SUCCESS: &str = "success";

/// Value of [`RUN_OUTCOME`]: a job failed.
pub const OUTCOME_FAILURE: &str = "failure";

/// Value of [`RUN_OUTCOME`]: a signal ended it.
pub const OUTCOME_INTERRUPTED: &str = "interrupted";

/// Id of the job, on its span and on those of its steps (string).
pub const JOB_NAME: &str = "samara.job.name";

/// Id of the step (string).
pub const STEP_NAME: &str = "samara.step.name";

/// Kind of the step (string): `extract`, `transform`, `load`, or one's own.
pub const STEP_KIND: &str = "samara.step.kind";

/// Rows that went into the step, over all of its inputs (int).
///
/// And a counter of unit `{row}`, by [`STEP_NAME`], [`STEP_KIND`] and [`JOB_NAME`].
pub const STEP_INPUT_ROWS: &str = "samara.step.input.rows";

/// Bytes that the step read (int).
///
/// And a counter of unit `By`, by [`STEP_NAME`], [`STEP_KIND`] and [`JOB_NAME`].
pub const STEP_INPUT_BYTES: &str = "samara.step.input.bytes";

/// Rows that came out of the step (int).
///
/// And a counter of unit `{row}`, by [`STEP_NAME`], [`STEP_KIND`] and [`JOB_NAME`].
pub const STEP_OUTPUT_ROWS: &str = "samara.step.output.rows";

/// Batches that those rows came in (int).
pub const STEP_OUTPUT_BATCHES: &str = "samara.step.output.batches";

/// Bytes that came out of the step: in memory, or written by a load (int).
///
/// And a counter of unit `By`, by [`STEP_NAME`], [`STEP_KIND`] and [`JOB_NAME`].
pub const STEP_OUTPUT_BYTES: &str = "samara.step.output.bytes";

/// Bytes that a step's operators wrote to disk because the memory limit did not hold them. On a step's span, if there were any.
///
/// And a counter of unit `By`, by [`STEP_NAME`], [`STEP_KIND`] and [`JOB_NAME`].
pub const STEP_SPILLED_BYTES: &str = "samara.step.spilled.bytes";

/// Records of files that do not fit their schema: on the span of the extract that read them, if there are any (int); and a counter of unit `{row}`,
/// by [`STEP_NAME`], [`STEP_KIND`] and [`JOB_NAME`].
pub const STEP_REJECTED_ROWS: &str = "samara.step.rejected.rows";

/// Records with bytes that are not text in the encoding of their file, or with NUL characters: on the span of the extract that read them, if there
/// are any (int); and a counter of unit `{row}`, by [`STEP_NAME`], [`STEP_KIND`] and [`JOB_NAME`].
pub const STEP_UNDECODABLE_ROWS: &str = "samara.step.undecodable.rows";

/// Files that have none of the declared columns: on the span of the extract that read them, if there are any (int); and a counter of unit `{file}`,
/// by [`STEP_NAME`], [`STEP_KIND`] and [`JOB_NAME`].
pub const STEP_UNMATCHED_FILES: &str = "samara.step.unmatched.files";

/// Seconds that the step itself was busy, waiting for its input not counted, over all threads (double).
pub const STEP_BUSY_TIME: &str = "samara.step.busy_time";

/// Full name of the step's function (string; semantic conventions, "Code").
pub const CODE_FUNCTION_NAME: &str = "code.function.name";

/// Source file of the step's function (string; semantic conventions, "Code").
pub const CODE_FILE_PATH: &str = "code.file.path";

/// Line of the step's function (int; semantic conventions, "Code").
pub const CODE_LINE_NUMBER: &str = "code.line.number";

/// Class of a failure, of low cardinality (string; semantic conventions, "Error"): on a span or point of what failed or was cut off, and only there.
pub const ERROR_TYPE: &str = "error.type";

/// Value of [`ERROR_TYPE`] for a step that panicked.
pub const ERROR_TYPE_PANIC: &str = "panic";

/// Value of [`ERROR_TYPE`] for a run that did nothing since it lacks variables, or a workflow that could not run here.
pub const ERROR_TYPE_UNFIT: &str = "unfit";

/// Value of [`ERROR_TYPE`] for a step that was cut off: by the failure of another, by a signal, or since its future was dropped before its end. No
/// failure of its own.
pub const ERROR_TYPE_CANCELLED: &str = "cancelled";

/// Method of a request that the run sends, on its span (string; semantic conventions, "HTTP").
pub const HTTP_REQUEST_METHOD: &str = "http.request.method";

/// How often a request was sent before, on the span of one that is sent again (int; semantic conventions, "HTTP").
pub const HTTP_REQUEST_RESEND_COUNT: &str = "http.request.resend_count";

/// Status of the answer to a request (int; semantic conventions, "HTTP").
pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";

/// Host that a request goes to (string; semantic conventions, "HTTP").
pub const SERVER_ADDRESS: &str = "server.address";

/// Port that a request goes to (int; semantic conventions, "HTTP").
pub const SERVER_PORT: &str = "server.port";

/// Where a request goes, without user, password, query and what variables hold (string; semantic conventions, "HTTP").
pub const URL_FULL: &str = "url.full";

/// Name of the span event that tells of a failure (semantic conventions, "Exceptions").
pub const EXCEPTION_EVENT: &str = "exception";

/// Class of the failure, on the [`EXCEPTION_EVENT`] (string).
pub const EXCEPTION_TYPE: &str = "exception.type";

/// What a person is told of the failure, on the [`EXCEPTION_EVENT`] (string).
pub const EXCEPTION_MESSAGE: &str = "exception.message";

/// Name of the service, on the resource: the workflow's id, unless `OTEL_SERVICE_NAME` says something else (string; semantic conventions, "Service").
pub const SERVICE_NAME: &str = "service.name";

/// Version of the workflow's program, on the resource (string; semantic conventions, "Service").
pub const SERVICE_VERSION: &str = "service.version";

/// A new UUID for each run, on the resource (string; semantic conventions, "Service").
pub const SERVICE_INSTANCE_ID: &str = "service.instance.id";

/// Where the program runs, on the resource: what `SAMARA_ENVIRONMENT` says (string; semantic conventions, "Deployment").
pub const DEPLOYMENT_ENVIRONMENT_NAME: &str = "deployment.environment.name";

/// Id of the process, on the resource (int; semantic conventions, "Process").
pub const PROCESS_PID: &str = "process.pid";

/// File of the program, without its directory, on the resource (string; semantic conventions, "Process").
pub const PROCESS_EXECUTABLE_NAME: &str = "process.executable.name";

/// Processors of the machine, on the resource (string; semantic conventions, "Host"): `amd64`, `arm64`.
pub const HOST_ARCH: &str = "host.arch";

/// Name of the machine, on the resource (string; semantic conventions, "Host").
pub const HOST_NAME: &str = "host.name";

/// Operating system, on the resource (string; semantic conventions, "Operating System"): `linux`, `darwin`.
pub const OS_TYPE: &str = "os.type";

/// Id of the container that the process runs in, on the resource (string; semantic conventions, "Container").
pub const CONTAINER_ID: &str = "container.id";

/// Digest of the workflow that the program was built from, on the resource (string): `sha256:` and 64 digits.
pub const WORKFLOW_DIGEST: &str = "samara.workflow.digest";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_boundaries_rise_from_a_millisecond_to_four_hours() {
        assert!(DURATION_BOUNDARIES.is_sorted_by(|low, high| low < high));
        assert_eq!(DURATION_BOUNDARIES.first(), Some(&0.001));
        assert_eq!(DURATION_BOUNDARIES.last(), Some(&14_400.0));
    }
}
