//! Downloads a file over HTTP: resumes a broken download and verifies the SHA-256 of the result.
//!
//! The SHA-256 also protects a resumed file: a part of an older file with the rest of a newer one has another SHA-256.
//! Without a known SHA-256 no download is resumed.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ureq::Agent;
use ureq::http::StatusCode;

use super::advice::advice;
use crate::files::sha256_of;

/// Largest download, bytes: 1 GiB, more than any file of EfficientNet weights.
const MAX_BYTES: u64 = 1 << 30;
const MAX_REDIRECTS: u32 = 10;

/// HTTP client with its pauses between attempts and its progress bar.
pub struct Downloader {
    agent: Agent,
    /// Pauses before the second, third, .. attempt.
    pauses: Vec<Duration>,
    progress: ProgressBar,
}

/// Reasons why a download failed.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The server cannot be reached, the connection broke off, or the server answered with an error.
    #[error("{url} cannot be downloaded: {source}. {}", http_advice(.source))]
    Http {
        /// Address of the file.
        url: String,
        /// Error of the HTTP client.
        source: ureq::Error,
    },
    /// The file has another SHA-256.
    #[error(
        "the file from {url} is damaged or another one, and was deleted: its SHA-256 is {actual}, and {by} states \
         {expected}. Run the same command again; if you gave --sha256, check that it belongs to --revision"
    )]
    Checksum {
        /// Address of the file.
        url: String,
        /// SHA-256 of the downloaded file.
        actual: String,
        /// SHA-256 that it should have.
        expected: String,
        /// Source of `expected`.
        by: &'static str,
    },
    /// The file system refused to write.
    #[error("{} cannot be written: {source}{}", .path.display(), advice(.source))]
    Write {
        /// The file.
        path: PathBuf,
        /// Error of the file system.
        source: io::Error,
    },
}

fn http_advice(error: &ureq::Error) -> &'static str {
    match error {
        // The hub answers 401 where a repository does not exist.
        ureq::Error::StatusCode(401 | 403) => {
            "The repository does not exist or needs a permission: check --repo, or download the file in a browser and \
             run `native-train weights import FILE --out OUT`"
        }
        ureq::Error::StatusCode(404 | 410) => "Check --repo, --revision and --endpoint",
        ureq::Error::StatusCode(_) => "Try again later, or name a mirror with --endpoint",
        _ => {
            "Check the network, set HTTPS_PROXY if there is a proxy, or name a mirror with --endpoint. The same command \
             continues a download that broke off. Without a network, download the file on another machine and run \
             `native-train weights import FILE --out OUT`"
        }
    }
}

impl Default for Downloader {
    /// The proxy comes from the environment. The progress bar is drawn on standard error if that is a terminal.
    fn default() -> Self {
        let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left");
        let progress = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let idle = Some(Duration::from_secs(60));
        let agent = Agent::config_builder()
            // Byte ranges of a compressed answer are not those of the file.
            .accept_encoding("identity")
            .user_agent(concat!("cse-", env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(idle)
            .timeout_per_read(idle)
            .build()
            .into();
        Self { agent, pauses: [1, 2, 4].map(Duration::from_secs).to_vec(), progress }
    }
}

impl Downloader {
    /// Downloads `url` to the file `part`, and continues there if an earlier download broke off. The SHA-256 must be
    /// `sha256` or, without it, the one that the server publishes. Otherwise the file is deleted. Returns the SHA-256
    /// and its source.
    pub fn download(&self, url: &str, part: &Path, sha256: Option<&str>) -> Result<String, DownloadError> {
        let expected = match sha256 {
            Some(given) => Some((given.to_owned(), "--sha256")),
            None => self.published_sha256(url)?.map(|published| (published, "the server")),
        };
        let mut pauses = self.pauses.iter();
        while let Err(error) = self.receive(url, part, expected.is_some()) {
            let reason = match &error {
                DownloadError::Http { source: ureq::Error::StatusCode(400..500), .. } => None,
                DownloadError::Http { source, .. } => Some(source),
                _ => None,
            };
            let Some((reason, pause)) = reason.zip(pauses.next()) else { return Err(error) };
            self.progress.println(format!("the download broke off ({reason}): trying again in {} s", pause.as_secs()));
            thread::sleep(*pause);
        }
        self.progress.finish_and_clear();

        let actual = sha256_of(part).map_err(cannot_write(part))?;
        match expected {
            Some((expected, by)) if expected != actual => {
                fs::remove_file(part).map_err(cannot_write(part))?;
                Err(DownloadError::Checksum { url: url.to_owned(), actual, expected, by })
            }
            Some((_, by)) => Ok(format!("SHA-256 {actual}, as stated by {by}")),
            None => Ok(format!("SHA-256 {actual}, not verified: compare it yourself, or give --sha256")),
        }
    }

    /// Asks for the SHA-256 that the server publishes. The hub sends it as `X-Linked-ETag` when it redirects to its
    /// storage, possibly after other redirects. A mirror may send it as `ETag`.
    fn published_sha256(&self, url: &str) -> Result<Option<String>, DownloadError> {
        for redirects in 0..=MAX_REDIRECTS {
            let request = self.agent.head(url).config();
            let request = request.max_redirects(redirects).max_redirects_will_error(false).build();
            let response = match request.call() {
                Ok(response) => response,
                Err(error) if redirects == 0 => return Err(failed(url, error)),
                // The storage may refuse HEAD requests.
                Err(_) => break,
            };
            let tag = |name| response.headers().get(name)?.to_str().ok();
            let sha256 = |tag: &str| parse_sha256(tag.trim_start_matches("W/").trim_matches('"')).ok();
            let sha256 = ["x-linked-etag", "etag"].into_iter().filter_map(tag).find_map(sha256);
            if sha256.is_some() || !response.status().is_redirection() {
                return Ok(sha256);
            }
        }
        Ok(None)
    }

    /// Receives the file into `part`. With `resume` it keeps the bytes that `part` has already.
    fn receive(&self, url: &str, part: &Path, resume: bool) -> Result<(), DownloadError> {
        let there = fs::metadata(part).map_or(0, |part| part.len());
        let mut request = self.agent.get(url);
        if resume && there > 0 {
            request = request.header("range", format!("bytes={there}-"));
        }
        let response = match request.call() {
            // The part is already complete.
            Err(ureq::Error::StatusCode(416)) => return Ok(()),
            response => response.map_err(|error| failed(url, error))?,
        };
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(false).open(part).map_err(cannot_write(part))?;
        // Some file systems have no locks, which is no error.
        if let Err(busy @ TryLockError::WouldBlock) = file.try_lock() {
            return Err(cannot_write(part)(busy.into()));
        }
        // A server without ranges sends the whole file.
        let start = if response.status() == StatusCode::PARTIAL_CONTENT { there } else { 0 };
        if start < there {
            file.set_len(start).map_err(cannot_write(part))?;
        }
        file.seek(SeekFrom::Start(start)).map_err(cannot_write(part))?;

        let body = response.into_body();
        self.progress.set_length(start + body.content_length().unwrap_or(0));
        self.progress.set_position(start);
        self.progress.reset_eta();
        let mut reader = self.progress.wrap_read(body.into_with_config().limit(MAX_BYTES).reader());
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = reader.read(&mut buffer).map_err(|error| failed(url, error.into()))?;
            if count == 0 {
                return file.sync_all().map_err(cannot_write(part));
            }
            file.write_all(&buffer[..count]).map_err(cannot_write(part))?;
        }
    }
}

fn failed(url: &str, source: ureq::Error) -> DownloadError {
    DownloadError::Http { url: url.to_owned(), source }
}

fn cannot_write(path: &Path) -> impl Fn(io::Error) -> DownloadError {
    |source| DownloadError::Write { path: path.to_owned(), source }
}

/// Checks that `text` is a SHA-256 in hexadecimal digits, and returns it in lower case.
pub fn parse_sha256(text: &str) -> Result<String, String> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("a SHA-256 has 64 hexadecimal digits".into())
    }
}

#[cfg(test)]
pub mod tests {
    use super::super::test_server::{TestServer, reply};
    use super::*;

    /// SHA-256 of a million times the letter a (FIPS 180-2, B.3).
    const SHA256: &str = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    const LENGTH: usize = 1_000_000;

    /// Downloader without pauses and without a proxy, for servers on loopback.
    pub fn impatient() -> Downloader {
        let agent = Agent::config_builder().proxy(None).timeout_global(Some(Duration::from_secs(20))).build().into();
        Downloader { agent, pauses: vec![Duration::ZERO; 3], progress: ProgressBar::hidden() }
    }

    /// Server that redirects to its storage as the hub does. The n-th reply of the storage ends after `sent[n]` bytes.
    fn hub(sha256: &str, sent: Vec<usize>) -> TestServer {
        let moved = "Location: /moved\r\n".to_owned();
        let linked = format!("X-Linked-ETag: \"{sha256}\"\r\nETag: \"1\"\r\nLocation: /storage?signed=1\r\n");
        let mut sent = sent.into_iter();
        TestServer::start(move |path, range| match path {
            "/model" => reply("307 Temporary Redirect", &moved, b"", 0),
            "/moved" => reply("302 Found", &linked, b"", 0),
            _ => match range.map_or(0, |start| start.parse().unwrap()) {
                LENGTH.. => reply("416 Range Not Satisfiable", "", b"", 0),
                start => {
                    let status = if start > 0 { "206 Partial Content" } else { "200 OK" };
                    reply(status, "", &[b'a'; LENGTH][start..], sent.next().unwrap_or(LENGTH))
                }
            },
        })
    }

    /// Folder with the file of a download, and the download.
    struct Here(tempfile::TempDir);

    impl Here {
        fn with(content: &[u8]) -> Self {
            let here = Self(tempfile::tempdir().unwrap());
            fs::write(here.part(), content).unwrap();
            here
        }

        fn part(&self) -> PathBuf {
            self.0.path().join("b3.part")
        }

        fn download(&self, server: &TestServer, sha256: Option<&str>) -> Result<String, DownloadError> {
            impatient().download(&format!("{}/model", server.url), &self.part(), sha256)
        }

        fn has_whole_file(&self) -> bool {
            sha256_of(&self.part()).unwrap() == SHA256
        }
    }

    #[test]
    fn a_broken_download_goes_on_where_it_broke_off() {
        let (here, server) = (Here::with(b""), hub(SHA256, vec![300_000, 200_000]));
        let verified = here.download(&server, None).unwrap();
        assert_eq!(verified, format!("SHA-256 {SHA256}, as stated by the server"));
        assert!(here.has_whole_file());
        assert_eq!(server.ranges("/storage?signed=1"), ["", "300000", "500000"]);
    }

    #[test]
    fn a_later_run_goes_on_where_the_last_one_ended() {
        let here = Here::with(b"");
        let error = here.download(&hub(SHA256, vec![1000; 4]), None).unwrap_err().to_string();
        assert!(error.contains("The same command continues"), "{error}");
        let server = hub(SHA256, vec![]);
        here.download(&server, None).unwrap();
        assert!(here.has_whole_file());
        assert_eq!(server.ranges("/storage?signed=1"), ["4000"]);
        // A run that ended between the last byte and the import downloads nothing again.
        here.download(&server, None).unwrap();
        assert!(here.has_whole_file());
    }

    #[test]
    fn a_server_without_ranges_is_asked_for_the_whole_file() {
        let (here, mut sent) = (Here::with(b"a"), [70_000, LENGTH].into_iter());
        let server = TestServer::start(move |_, _| reply("200 OK", "", &[b'a'; LENGTH], sent.next().unwrap()));
        assert!(here.download(&server, Some(SHA256)).unwrap().ends_with("as stated by --sha256"));
        assert!(here.has_whole_file());
        assert_eq!(server.ranges("/model"), ["1", "70000"]);
    }

    #[test]
    fn without_a_sha256_nothing_is_resumed() {
        // The first answer of the storage is to the HEAD request.
        let (here, server) = (Here::with(b"from another file"), hub("1", vec![0, 70_000]));
        assert!(here.download(&server, None).unwrap().contains("not verified"));
        assert!(here.has_whole_file());
        assert_eq!(server.ranges("/storage?signed=1"), ["", ""]);
    }

    #[test]
    fn a_damaged_file_is_deleted() {
        let other = "0".repeat(64);
        for (content, published, given, by) in [
            (&b"damaged"[..], SHA256, None, "the server states"),
            (b"", &other, None, "the server states"),
            (b"", SHA256, Some(other.as_str()), "--sha256 states"),
        ] {
            let here = Here::with(content);
            let error = here.download(&hub(published, vec![]), given).unwrap_err().to_string();
            assert!(error.contains("was deleted") && error.contains(by), "{error}");
            assert!(!here.part().exists());
        }
    }

    #[test]
    fn the_advice_fits_the_servers_answer() {
        for (status, tries, advice) in [
            ("404 Not Found", 1, "Check --repo, --revision"),
            ("401 Unauthorized", 1, "weights import FILE --out OUT"),
            ("503 Service Unavailable", 4, "Try again later"),
        ] {
            let server = TestServer::start(move |path, _| match path {
                "/model" => reply("302 Found", "Location: /storage\r\n", b"", 0),
                _ => reply(status, "", b"", 0),
            });
            let error = Here::with(b"").download(&server, None).unwrap_err().to_string();
            assert!(error.contains(advice), "{error}");
            assert_eq!(server.ranges("/storage").len(), tries, "{status}");
        }
    }

    #[test]
    fn without_a_network_the_user_learns_what_to_do() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        for url in [format!("http://{closed}/model"), "http://no-such-host.invalid/model".into(), "not a URL".into()] {
            let folder = tempfile::tempdir().unwrap();
            for sha256 in [None, Some(SHA256)] {
                let error = impatient().download(&url, &folder.path().join("b3.part"), sha256).unwrap_err().to_string();
                assert!(error.contains("weights import FILE --out OUT"), "{error}");
            }
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn two_downloads_of_one_file_do_not_mix() {
        let here = Here::with(b"");
        let first = fs::File::open(here.part()).unwrap();
        first.lock().unwrap();
        let error = here.download(&hub(SHA256, vec![]), None).unwrap_err().to_string();
        assert!(error.ends_with("Another process is writing it: wait until that ends"), "{error}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("b3.part");
        std::os::unix::fs::symlink("/dev/full", &part).unwrap();
        let url = format!("{}/model", hub(SHA256, vec![]).url);
        let error = impatient().download(&url, &part, None).unwrap_err().to_string();
        assert!(error.contains("b3.part cannot be written") && error.contains("The disk is full"), "{error}");
    }
}
