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

/// Where a program runs, as its owners name it: production, staging.
const ENVIRONMENT: &str = "SAMARA_ENVIRONMENT";

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

/// The container that the process runs in, if it does. Its detector takes any hexadecimal name of a cgroup for an id; ids have 64 digits.
struct Container;

impl ResourceDetector for Container {
    fn detect(&self) -> Resource {
        let found = ContainerResourceDetector.detect();
        let ids = found.iter().filter(|(_, id)| id.as_str().len() == 64);
        let ids: Vec<KeyValue> = ids
            .map(|(key, id)| KeyValue::new(key.clone(), id.clone()))
            .collect();
        Resource::builder_empty().with_attributes(ids).build()
    }
}

/// The resource of a run: the service, the id of this run, where it runs, and what `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` add, which
/// win. The SDK's own reading of them is not used: it does not decode what is written as `%20`, and skips what it cannot read.
pub(super) fn resource(service: Service<'_>, run: &str, configuration: &Configuration) -> Resource {
    let detectors: [Box<dyn ResourceDetector>; 4] = [
        Box::new(TelemetryResourceDetector),
        Box::new(OsResourceDetector),
        Box::new(HostResourceDetector::default()),
        Box::new(Container),
    ];
    let mut resource = Resource::builder_empty().with_detectors(&detectors);
    if std::env::var_os(IN_KUBERNETES).is_some() {
        resource = resource.with_detector(Box::new(K8sResourceDetector));
    }
    let mut attributes = vec![
        KeyValue::new(names::SERVICE_NAME, service.name.to_owned()),
        KeyValue::new(names::SERVICE_INSTANCE_ID, run.to_owned()),
        KeyValue::new(names::PROCESS_PID, i64::from(std::process::id())),
    ];
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
        (names::HOST_ARCH, Some(architecture().to_owned())),
        (
            names::DEPLOYMENT_ENVIRONMENT_NAME,
            std::env::var(ENVIRONMENT).ok(),
        ),
    ];
    let known = texts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    attributes.extend(known.map(|(name, value)| KeyValue::new(name, value)));
    let said = configuration.resource.iter();
    let said = said.flat_map(|said| said.value.0.iter().cloned());
    attributes.extend(said.map(|(key, value)| KeyValue::new(key, value)));
    let name = configuration.service_name.iter();
    attributes.extend(name.map(|name| KeyValue::new(names::SERVICE_NAME, name.value.0.clone())));
    resource.with_attributes(attributes).build()
}
