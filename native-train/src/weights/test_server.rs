//! HTTP server on loopback whose replies a test defines.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// Server that runs until the process ends and takes one request on each connection.
pub struct TestServer {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// Path and first byte of each GET request.
    requests: Arc<Mutex<Vec<(String, String)>>>,
}

impl TestServer {
    /// Starts a server. `answer` gets the path of a request and the first byte of the requested range. It returns the bytes
    /// to send before the connection is closed.
    pub fn start(mut answer: impl FnMut(&str, Option<&str>) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let received = requests.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let Some((method, rest)) = head.first().and_then(|line| line.split_once(' ')) else { continue };
                let path = rest.split(' ').next().unwrap();
                let start = head.iter().find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-'));
                let mut bytes = answer(path, start);
                if method == "HEAD" {
                    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
                    bytes.truncate(end + 4);
                } else {
                    received.lock().unwrap().push((path.to_owned(), start.unwrap_or_default().to_owned()));
                }
                // The client may have gone already.
                stream.write_all(&bytes).ok();
            }
        });
        Self { url, requests }
    }

    /// Start of the byte range that each GET request for `path` asked for, as text. An empty text for a request without a
    /// range.
    pub fn ranges(&self, path: &str) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|(asked, _)| asked == path).map(|(_, start)| start.clone()).collect()
    }
}

/// Reply that announces the whole `body` and holds its first `sent` bytes.
pub fn reply(status: &str, headers: &str, body: &[u8], sent: usize) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n");
    [head.as_bytes(), &body[..sent.min(length)]].concat()
}
