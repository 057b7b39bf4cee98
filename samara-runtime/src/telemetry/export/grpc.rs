//! OTLP over gRPC, by `tonic`. Requests come encoded, so one method of bytes serves every signal.

use std::io;

use bytes::{Buf as _, BufMut as _};
use http::Uri;
use http::uri::PathAndQuery;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use opentelemetry_http::Bytes;
use parking_lot::Mutex;
use tokio::runtime::{self, Runtime};
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{Ascii, MetadataKey, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use ureq::ProxyProtocol;

use super::super::configuration::{Compression, Otlp};
use super::super::signal::Signal;
use super::http::AGENT;
use super::{Answer, Lack, TransportError, answer, innermost, sources};
use crate::client;
use crate::proxy::{self, Proxy};

/// The way to a server that speaks gRPC.
#[derive(Debug)]
pub(super) struct Grpc {
    signal: Signal,
    otlp: Otlp,
    channel: Channel,
    /// Of this connection alone: the SDK's exporting threads have none.
    runtime: Mutex<OwnRuntime>,
}

/// A runtime whose end waits for nothing: neither for the look-up of a name, nor where nobody may wait, as within another runtime.
#[derive(Debug)]
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn new() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(|runtime| Self(Some(runtime)))
    }

    fn get(&self) -> &Runtime {
        self.0.as_ref().expect("taken by the drop only")
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Grpc {
    pub fn new(signal: Signal, otlp: &Otlp) -> Result<Self, TransportError> {
        let runtime = OwnRuntime::new()?;
        // Its time is limited where it is used: from the look-up of the name to the last byte of the answer.
        let endpoint = Endpoint::new(client::origin(otlp.endpoint.value.uri()))?;
        let mut endpoint = endpoint.user_agent(AGENT)?;
        if otlp.endpoint.value.uri().scheme_str() == Some("https") {
            endpoint = endpoint.tls_config(tls(otlp))?;
        }
        let channel = {
            let _entered = runtime.get().enter();
            match proxy::Chosen::of(otlp.endpoint.value.uri()) {
                Some(chosen) => by_proxy(&endpoint, &chosen.proxy)?,
                None => endpoint.connect_lazy(),
            }
        };
        Ok(Self {
            signal,
            otlp: otlp.clone(),
            channel,
            runtime: Mutex::new(runtime),
        })
    }

    pub fn send(&self, body: Bytes) -> Answer {
        let timeout = self.otlp.timeout.value.0;
        let url = self.otlp.endpoint.value.uri();
        let call = async { tokio::time::timeout(timeout, self.call(body)).await };
        match self.runtime.lock().get().block_on(call) {
            Ok(Ok(body)) => Answer::taken(self.signal, &body, "application/x-protobuf"),
            Ok(Err(status)) => refused(&status, url),
            Err(_) => Answer::None {
                lack: Lack::Timeout,
                cause: client::on_the_way(client::unanswered(timeout), url),
            },
        }
    }

    async fn call(&self, body: Bytes) -> Result<Bytes, Status> {
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        if self.otlp.compression.value == Compression::Gzip {
            client = client
                .send_compressed(CompressionEncoding::Gzip)
                .accept_compressed(CompressionEncoding::Gzip);
        }
        let ready = client.ready().await;
        ready.map_err(|error| Status::from_error(Box::new(error)))?;
        let path = PathAndQuery::from_static(self.signal.method());
        let answer = client.unary(self.request(body), path, Encoded).await?;
        Ok(answer.into_inner())
    }

    fn request(&self, body: Bytes) -> Request<Bytes> {
        let mut request = Request::new(body);
        for (name, value) in &self.otlp.headers.value.0 {
            let name = MetadataKey::<Ascii>::from_bytes(name.as_str().as_bytes());
            let value = MetadataValue::<Ascii>::try_from(value.as_bytes());
            if let (Ok(name), Ok(value)) = (name, value) {
                request.metadata_mut().append(name, value);
            }
        }
        request
    }
}

/// A connection that a proxy makes.
fn by_proxy(endpoint: &Endpoint, proxy: &Proxy) -> Result<Channel, TransportError> {
    let place = Uri::try_from(format!("http://{}", proxy.place()));
    let place = place.map_err(|_| TransportError::Proxy)?;
    let connector = HttpConnector::new();
    Ok(match proxy.protocol() {
        ProxyProtocol::Http => {
            let tunnel = Tunnel::new(place, connector);
            endpoint.connect_with_connector_lazy(match proxy.authorization() {
                Some(authorization) => tunnel.with_auth(authorization.clone()),
                None => tunnel,
            })
        }
        ProxyProtocol::Socks5 | ProxyProtocol::Socks5h => {
            let looks_up_here = proxy.protocol() == ProxyProtocol::Socks5;
            let socks = SocksV5::new(place, connector).local_dns(looks_up_here);
            endpoint.connect_with_connector_lazy(match proxy.credentials() {
                Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
                None => socks,
            })
        }
        _ => return Err(TransportError::Proxy),
    })
}

/// Where no certificate is given, the system says whom to trust.
fn tls(otlp: &Otlp) -> ClientTlsConfig {
    let config = ClientTlsConfig::new();
    let config = match &otlp.certificate {
        Some(certificate) => config.ca_certificate(Certificate::from_pem(&certificate.value.text)),
        None => config.with_native_roots(),
    };
    match &otlp.identity {
        Some(identity) => config.identity(Identity::from_pem(
            &identity.certificate.value.text,
            &identity.key.value.text,
        )),
        None => config,
    }
}

/// What a status means. One that the transport made up is no answer of a server's.
fn refused(status: &Status, url: &Uri) -> Answer {
    if let Some(source) = std::error::Error::source(status) {
        return unanswered(source, url);
    }
    let after = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    Answer::Refused {
        status: format!("{:?}", status.code()),
        code: status.code() as u16,
        message: answer::short(status.message()),
        repeat: is_repeated(status.code(), after.is_some()),
        after: after.map(|delay| delay.as_secs_f64().ceil().to_string()),
    }
}

/// OTLP specification, "Failures" of OTLP/gRPC.
fn is_repeated(code: Code, has_delay: bool) -> bool {
    match code {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::ResourceExhausted => has_delay,
        _ => false,
    }
}

/// Why there was no answer, as far as the causes of an error of the transport tell.
fn unanswered(error: &(dyn std::error::Error + 'static), url: &Uri) -> Answer {
    let failures = sources(error).filter_map(|error| error.downcast_ref::<io::Error>());
    let lack = failures.fold(Lack::Other, |lack, error| match error.kind() {
        io::ErrorKind::ConnectionRefused => Lack::Refused,
        io::ErrorKind::InvalidData => Lack::Tls,
        io::ErrorKind::TimedOut => Lack::Timeout,
        _ if client::is_unresolved(error) => Lack::Unresolved,
        _ => lack,
    });
    let error = innermost(error);
    let cause = error
        .downcast_ref::<io::Error>()
        .map_or_else(|| error.to_string(), client::io_cause);
    Answer::None {
        lack,
        cause: client::on_the_way(cause, url),
    }
}

/// Messages that are encoded already, and are decoded later.
#[derive(Debug, Clone, Copy)]
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_set_up_may_end_within_another_runtime() {
        let outer = runtime::Builder::new_current_thread().build().unwrap();
        outer.block_on(async { drop(OwnRuntime::new().unwrap()) });
    }
}
