//! What is wrong with alerts, each with its place in their section.

use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use regex::Regex;

use super::email::is_address;
use super::model::{Channel, EmailChannel, HttpChannel, Rule, Trigger};
use super::{Alert, AlertError};
use crate::request::{RequestError, parse_header, parse_method, parse_url};

/// Something that is wrong with alerts.
#[derive(Debug)]
pub struct Fault {
    /// Where, as a JSON Pointer into the section `alert`: `/channels/0/smtp_port`.
    pub pointer: String,
    /// What.
    pub error: AlertError,
}

impl Alert {
    /// All that breaks the format beyond its types: ranges, ids, patterns. Channels come before triggers.
    pub fn faults_of_format(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        let mut ids = HashSet::new();
        for (index, channel) in self.channels.iter().enumerate() {
            let at = format!("/channels/{index}");
            if !ids.insert(channel.id()) {
                let id = channel.id().to_owned();
                faults.add(&at, "id", AlertError::DuplicateChannel { id });
            }
            faults.of_channel(&at, channel);
        }
        for (index, trigger) in self.triggers.iter().enumerate() {
            faults.of_trigger(&format!("/triggers/{index}"), trigger, &ids);
        }
        faults.0
    }

    /// All texts of enabled channels with which they could send nothing, as far as texts without variables tell: addresses, URLs, methods, headers.
    ///
    /// # Examples
    /// ```
    /// use samara::alert::Alert;
    ///
    /// let alert = Alert::parse(r#"{"alert": {"channels": [{"channel_type": "file", "id": "log", "file_path": ""}]}}"#)?;
    /// let faults = alert.faults_of_texts();
    /// assert_eq!(faults[0].pointer, "/channels/0/file_path");
    /// # Ok::<(), samara::alert::AlertError>(())
    /// ```
    pub fn faults_of_texts(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        for (index, channel) in self.channels.iter().enumerate() {
            let at = format!("/channels/{index}");
            if channel.id().trim().is_empty() {
                faults.add(&at, "id", empty(channel, "id"));
            }
            match channel {
                channel if !channel.enabled() => {}
                Channel::Email(email) => faults.of_email(&at, channel, email),
                Channel::Http(http) => faults.of_request(&at, http),
                Channel::File(file) if file.file_path.is_empty() => {
                    faults.add(&at, "file_path", empty(channel, "file_path"));
                }
                Channel::File(_) => {}
            }
        }
        for (index, trigger) in self.triggers.iter().enumerate() {
            if trigger.id.trim().is_empty() {
                let owner = "a trigger".to_owned();
                let error = AlertError::Empty { owner, field: "id" };
                faults.add(&format!("/triggers/{index}"), "id", error);
            }
        }
        faults.0
    }
}

fn empty(channel: &Channel, field: &'static str) -> AlertError {
    let owner = match channel.id() {
        "" => "a channel".to_owned(),
        id => format!("channel `{id}`"),
    };
    AlertError::Empty { owner, field }
}

/// Whether a text is what it will be when an alert is sent.
fn is_known(text: &str) -> bool {
    !text.contains("${")
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, object: &str, field: &str, error: AlertError) {
        let pointer = format!("{object}/{field}");
        self.0.push(Fault { pointer, error });
    }

    fn of_channel(&mut self, at: &str, channel: &Channel) {
        let id = channel.id();
        match channel {
            Channel::Email(email) => {
                self.in_range(at, id, "smtp_port", email.smtp_port, 1..=65535);
                if email.to_emails.is_empty() {
                    let channel = id.to_owned();
                    self.add(at, "to_emails", AlertError::NoRecipient { channel });
                }
            }
            Channel::Http(http) => {
                let (attempts, delay) = (http.retry.max_attempts, http.retry.delay_in_seconds);
                self.in_range(at, id, "timeout", http.timeout, 1..=30);
                self.in_range(at, id, "retry.max_attempts", attempts, 0..=3);
                self.in_range(at, id, "retry.delay_in_seconds", delay, 1..=30);
            }
            Channel::File(_) => {}
        }
    }

    fn in_range(
        &mut self,
        at: &str,
        channel: &str,
        field: &'static str,
        value: u32,
        range: RangeInclusive<u32>,
    ) {
        if range.contains(&value) {
            return;
        }
        let (low, high) = range.into_inner();
        let error = AlertError::OutOfRange {
            channel: channel.to_owned(),
            field,
            value,
            low,
            high,
        };
        self.add(at, &field.replace('.', "/"), error);
    }

    fn of_trigger(&mut self, at: &str, trigger: &Trigger, channels: &HashSet<&str>) {
        for (index, id) in trigger.channel_ids.iter().enumerate() {
            if !channels.contains(id.as_str()) {
                let error = AlertError::UnknownChannel {
                    trigger: trigger.id.clone(),
                    channel: id.clone(),
                };
                self.add(at, &format!("channel_ids/{index}"), error);
            }
        }
        for (index, rule) in trigger.rules.iter().enumerate() {
            if let Rule::ExceptionRegex(rule) = rule
                && let Err(source) = Regex::new(&rule.pattern)
            {
                let error = AlertError::Pattern {
                    trigger: trigger.id.clone(),
                    source: Box::new(source),
                };
                self.add(at, &format!("rules/{index}/pattern"), error);
            }
        }
    }

    fn of_email(&mut self, at: &str, channel: &Channel, email: &EmailChannel) {
        if email.smtp_server.trim().is_empty() {
            self.add(at, "smtp_server", empty(channel, "smtp_server"));
        }
        let server = &email.smtp_server;
        let is_address = server.parse::<IpAddr>().is_ok();
        if is_known(server) && server.contains([':', '/']) && !is_address {
            let error = AlertError::Host {
                channel: email.id.clone(),
                host: server.clone(),
            };
            self.add(at, "smtp_server", error);
        }
        self.address(at, &email.id, "from_email", &email.from_email);
        for (index, address) in email.to_emails.iter().enumerate() {
            self.address(at, &email.id, &format!("to_emails/{index}"), address);
        }
    }

    fn address(&mut self, at: &str, channel: &str, field: &str, address: &str) {
        if is_known(address) && !is_address(address) {
            let error = AlertError::Address {
                channel: channel.to_owned(),
                address: address.to_owned(),
            };
            self.add(at, field, error);
        }
    }

    fn of_request(&mut self, at: &str, http: &HttpChannel) {
        let mut request = |field: &str, checked: Result<(), RequestError>| {
            if let Err(source) = checked {
                let error = AlertError::Request {
                    channel: http.id.clone(),
                    source: Box::new(source),
                };
                self.add(at, field, error);
            }
        };
        let url = http.url.expose();
        if is_known(url) {
            request("url", parse_url(url).map(drop));
        }
        request("method", parse_method(&http.method).map(drop));
        for (name, value) in &http.headers {
            let value = value.expose();
            let known = if is_known(value) { value } else { "" };
            let field = name.replace('~', "~0").replace('/', "~1");
            let header = parse_header(name, known).map(drop);
            request(&format!("headers/{field}"), header);
        }
    }
}
