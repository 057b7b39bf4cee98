//! A receiver of requests that a run sends by itself.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tiny_http::{Response, Server};

/// A receiver of hooks and alerts. It refuses the first request to each path that ends in `flaky`.
pub struct Receiver {
    server: Arc<Server>,
    requests: Arc<Mutex<Vec<Received>>>,
    worker: Option<JoinHandle<()>>,
}

#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub trace_parent: String,
    pub trace_state: String,
    pub baggage: String,
    pub token: String,
    pub body: String,
}

impl Receiver {
    pub fn start() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").expect("a free port"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let worker = std::thread::spawn({
            let (server, requests) = (Arc::clone(&server), Arc::clone(&requests));
            move || {
                for request in server.incoming_requests() {
                    answer(request, &requests);
                }
            }
        });
        Self {
            server,
            requests,
            worker: Some(worker),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.server_addr())
    }

    pub fn requests(&self) -> Vec<Received> {
        self.requests.lock().expect("no panic while held").clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(worker) = self.worker.take() {
            let outcome = worker.join();
            assert!(std::thread::panicking() || outcome.is_ok());
        }
    }
}

fn answer(mut request: tiny_http::Request, requests: &Mutex<Vec<Received>>) {
    let mut body = String::new();
    request
        .as_reader()
        .read_to_string(&mut body)
        .expect("a whole request");
    let header = |name: &'static str| {
        let headers = request.headers().iter();
        let found = headers.filter(|header| header.field.equiv(name));
        found.map(|header| header.value.to_string()).collect()
    };
    let got = Received {
        path: request.url().to_owned(),
        trace_parent: header("traceparent"),
        trace_state: header("tracestate"),
        baggage: header("baggage"),
        token: header("x-token"),
        body,
    };
    let mut requests = requests.lock().expect("no panic while held");
    let is_first = requests.iter().all(|earlier| earlier.path != got.path);
    let status = if got.path.ends_with("flaky") && is_first {
        503
    } else {
        200
    };
    requests.push(got);
    drop(requests);
    request
        .respond(Response::empty(status))
        .expect("an open connection");
}
