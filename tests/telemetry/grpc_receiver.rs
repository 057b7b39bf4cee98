//! An OTLP receiver over gRPC, and what one may answer.

use std::io::Read as _;
use std::net::TcpListener;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use flate2::read::GzDecoder;
use h2::server::SendResponse;
use h2::{RecvStream, server};
use http::HeaderMap;
use tokio::net::TcpStream;

use crate::received::{Received, Request};

/// Status, message and body of an answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub code: u16,
    pub message: &'static str,
    pub body: Vec<u8>,
}

type Answers = Arc<dyn Fn(usize) -> Answer + Send + Sync>;

/// A receiver on a port of its own, for as long as the tests run.
pub struct GrpcReceiver {
    url: String,
    received: Received,
}

impl GrpcReceiver {
    /// One that takes everything.
    pub fn start() -> Self {
        Self::answering(|_| Answer::default())
    }

    /// One that answers each request by its number.
    pub fn answering(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let received = Received::default();
        let (store, answer): (_, Answers) = (received.clone(), Arc::new(answer));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(listen(listener, store, answer));
        });
        Self { url, received }
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Deref for GrpcReceiver {
    type Target = Received;

    fn deref(&self) -> &Received {
        &self.received
    }
}

async fn listen(listener: TcpListener, received: Received, answer: Answers) {
    listener.set_nonblocking(true).expect("a socket");
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    loop {
        let (stream, _) = listener.accept().await.expect("a client");
        tokio::spawn(serve(stream, received.clone(), Arc::clone(&answer)));
    }
}

/// A client that goes away, or speaks something else, is none of the server's business.
async fn serve(stream: TcpStream, received: Received, answer: Answers) {
    let Ok(mut connection) = server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let (received, answer) = (received.clone(), Arc::clone(&answer));
        tokio::spawn(async move {
            let _ = exchange(request, respond, &received, answer.as_ref()).await;
        });
    }
}

async fn exchange(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    received: &Received,
    answer: &(dyn Fn(usize) -> Answer + Send + Sync),
) -> Result<(), h2::Error> {
    let (head, mut body) = request.into_parts();
    let mut frame = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        frame.extend_from_slice(&chunk);
    }
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| {
        let value = value.to_str().unwrap_or_default();
        (name.as_str().to_owned(), value.to_owned())
    });
    let number = received.add(Request {
        path: head.uri.path().to_owned(),
        headers: headers.collect(),
        body: message(&frame),
    });
    let Answer {
        code,
        message,
        body,
    } = answer(number);
    let response = http::Response::builder().header("content-type", "application/grpc");
    let response = response.body(()).expect("a head");
    let mut stream = respond.send_response(response, false)?;
    if code == 0 {
        stream.send_data(framed(&body), false)?;
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", code.into());
    trailers.insert("grpc-message", message.parse().expect("a message"));
    stream.send_trailers(trailers)
}

/// What stands behind the five bytes that gRPC puts before a message: whether it is compressed, and its length.
fn message(frame: &[u8]) -> Vec<u8> {
    let (head, message) = frame.split_at(5);
    let length = u32::from_be_bytes(head[1..].try_into().expect("four bytes"));
    assert_eq!(message.len(), length as usize, "one message a request");
    if head[0] == 0 {
        return message.to_vec();
    }
    let mut plain = Vec::new();
    GzDecoder::new(message)
        .read_to_end(&mut plain)
        .expect("gzip");
    plain
}

fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).expect("a short message");
    [&[0][..], &length.to_be_bytes(), message].concat().into()
}
