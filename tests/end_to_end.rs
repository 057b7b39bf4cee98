//! End-to-end tests: workflows through the program that users run, into binaries that read and write real files and report to
//! a real OTLP receiver.

mod alerts;
mod builds;
mod collector;
mod command_line;
mod crash;
mod customer_orders;
mod examples;
mod functions;
mod hooks;
mod mail_server;
mod program;
mod received;
mod receiver;
mod refusals;
mod sharing;
mod signals;
mod spark;
mod telemetry;
mod time_zone;
mod validate;
