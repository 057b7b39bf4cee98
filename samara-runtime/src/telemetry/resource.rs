//! Who reports: what is said once about everything that a process sends.

use opentelemetry::KeyValue;
use opentelemetry_resource_detectors::{
    ContainerResourceDetector, HostResourceDetector, K8sResourceDetector, OsResourceDetector,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{ResourceDetector, TelemetryResourceDetector};

use super::configuration::Configuration;
use super::names;

/// Says that a process runs in Kubernetes: the kubelet sets it for every container.
const IN_KUBERNETES: &str = "KUBERNETES_SERVICE_HOST";

/// What a program knows about itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Service<'a> {
    /// Its name: the workflow's id.
    pub name: &'a str,
    /// Its version; empty if it has none.
    pub version: &'a str,
    /// A digest of the workflow that it was built from; empty if it was built from none.
    pub digest: &'a str,
}

/// The processors that the program was compiled for, in OpenTelemetry's words (semantic conventions, "Host"): the detector has Rust's.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "powerpc" => "ppc32",
        "powerpc64" => "ppc64",
        other => other,
    }
}

/// The operating system, in OpenTelemetry's words (semantic conventions, "Operating System").
fn operating_system() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// The host's name, which the detector has only where there is a program `hostname`: images of containers have none.
pub(crate) fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned())
}

/// What OpenTelemetry's detectors find, but for what is nothing: empty texts, and ids of containers that are any hexadecimal name of a cgroup; ids
/// have 64 digits.
fn detected() -> Vec<KeyValue> {
    let detectors: [Box<dyn ResourceDetector>; 4] = [
        Box::new(TelemetryResourceDetector),
        Box::new(OsResourceDetector),
        Box::new(HostResourceDetector::default()),
        Box::new(ContainerResourceDetector),
    ];
    let mut resource = Resource::builder_empty().with_detectors(&detectors);
    if std::env::var_os(IN_KUBERNETES).is_some() {
        resource = resource.with_detector(Box::new(K8sResourceDetector));
    }
    let resource = resource.build();
    let found = resource.iter().filter(|(key, value)| match key.as_str() {
        names::CONTAINER_ID => value.as_str().len() == 64,
        _ => !value.as_str().is_empty(),
    });
    found
        .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
        .collect()
}

/// The resource of a run: the service, the id of this run, where it runs, and what `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` add, which
/// win. The SDK's own reading of them is not used: it does not decode what is written as `%20`, and skips what it cannot read.
pub(super) fn resource(service: Service<'_>, run: &str, configuration: &Configuration) -> Resource {
    let mut attributes = detected();
    attributes.extend([
        KeyValue::new(names::SERVICE_NAME, service.name.to_owned()),
        KeyValue::new(names::SERVICE_INSTANCE_ID, run.to_owned()),
        KeyValue::new(names::PROCESS_PID, i64::from(std::process::id())),
    ]);
    // The arguments of the process are left out, though its detector has them: they may hold secrets.
    let program = std::env::current_exe().ok();
    let program = program.as_ref().and_then(|path| path.file_name());
    let texts = [
        (
            names::PROCESS_EXECUTABLE_NAME,
            program.map(|name| name.to_string_lossy().into_owned()),
        ),
        (names::SERVICE_VERSION, Some(service.version.to_owned())),
        (names::WORKFLOW_DIGEST, Some(service.digest.to_owned())),
        (names::OS_TYPE, Some(operating_system().to_owned())),
        (names::HOST_ARCH, Some(architecture().to_owned())),
        (names::HOST_NAME, host_name()),
    ];
    let known = texts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    attributes.extend(known.map(|(name, value)| KeyValue::new(name, value)));
    let said = configuration.resource.iter();
    let said = said.flat_map(|said| said.value.0.iter().cloned());
    attributes.extend(said.map(|(key, value)| KeyValue::new(key, value)));
    // Samara's own variables beat OpenTelemetry's, and its variable for the name alone the one for all.
    let environment = configuration.environment.iter();
    attributes.extend(
        environment
            .map(|name| KeyValue::new(names::DEPLOYMENT_ENVIRONMENT_NAME, name.value.0.clone())),
    );
    let name = configuration.service_name.iter();
    attributes.extend(name.map(|name| KeyValue::new(names::SERVICE_NAME, name.value.0.clone())));
    Resource::builder_empty()
        .with_attributes(attributes)
        .build()
}
