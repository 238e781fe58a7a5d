//! Downloads one file: resumed where it broke off, checked against its SHA-256, there whole or not at all.
//!
//! What has arrived lies in `TARGET.part`, with the server's ETag in `TARGET.part.etag`; `TARGET` is made by renaming
//! the part once it is complete and checked. A download that breaks off goes on where it was, in the same run or in a
//! later one: the server is asked for the missing range, on the condition (`If-Range`) that the file is still the same.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::ProgressBar;
use ureq::http::{HeaderMap, Response, StatusCode, Uri};
use ureq::{Agent, Body};

use super::advice::advice;
use crate::files::{appended, sha256_of};

/// More than any file with EfficientNet weights holds: 1 GiB. A server that sends more is not what it should be.
const MAX_BYTES: u64 = 1 << 30;
const MAX_REDIRECTS: usize = 10;

/// What to download, and to where.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// `http` or `https`.
    pub url: &'a str,
    /// The file to make; its folder exists.
    pub target: &'a Path,
    /// SHA-256 the file must have, 64 lower-case hexadecimal digits. `None`: what the server says it has.
    pub sha256: Option<&'a str>,
}

/// How patient to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For a connection to come about.
    pub connect_timeout: Duration,
    /// For the server to say something, again and again.
    pub idle_timeout: Duration,
    /// How often a broken connection is made again.
    pub retries: u32,
    /// Before the first of them; twice as long before each next.
    pub pause: Duration,
    /// Whether the proxy of the environment (`HTTPS_PROXY`, `NO_PROXY`, ..) is used.
    pub use_proxy: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(60),
            retries: 3,
            pause: Duration::from_secs(1),
            use_proxy: true,
        }
    }
}

/// What the content was checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The SHA-256 in the request.
    Given,
    /// The SHA-256 that the server names.
    Server,
    /// Nothing: none was given, and the server names none.
    Nothing,
}

/// A download that succeeded.
#[derive(Clone, Debug)]
pub struct Downloaded {
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// What that was checked against.
    pub check: Check,
}

/// Why a download failed.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The address is none.
    #[error("'{url}' is no address that can be downloaded from ({reason}): check --endpoint, --repo and --revision")]
    Url {
        /// The address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// No connection came about.
    #[error(
        "{host} cannot be reached ({reason}). Check the network, set HTTPS_PROXY if there is a proxy, or name a mirror \
         with --endpoint. Without a network: download {url} on another machine, copy the file here and run \
         `native-train weights import FILE --out OUT`"
    )]
    Unreachable {
        /// The server.
        host: String,
        /// The address.
        url: String,
        /// What the system says.
        reason: String,
    },
    /// The connection broke again and again.
    #[error(
        "the download of {url} broke off {times} times, the last time because: {reason}. What has arrived is kept in \
         {}: run the same command again to go on from there", .part.display()
    )]
    Broken {
        /// The address.
        url: String,
        /// How often it was tried.
        times: u32,
        /// The last reason.
        reason: String,
        /// The part that arrived.
        part: PathBuf,
    },
    /// The server does not have the file.
    #[error("{url} does not exist (the server answered 404): check --repo, --revision and --endpoint")]
    NotFound {
        /// The address.
        url: String,
    },
    /// The server gives it to others only.
    #[error(
        "the server refuses {url} (it answered {status}): the file needs a permission that this program cannot show. \
         Download it in a browser and run `native-train weights import FILE --out OUT`"
    )]
    Refused {
        /// The address.
        url: String,
        /// 401 or 403.
        status: u16,
    },
    /// The server answered something else.
    #[error("the server answered {status} to {url}: try again later, or name a mirror with --endpoint")]
    Status {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// A redirect that cannot be followed.
    #[error("{url} cannot be followed to where it leads ({reason}): name a mirror with --endpoint")]
    Redirect {
        /// The address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// It is not the file that it should be.
    #[error(
        "what came from {url} is not the file it should be: its SHA-256 is {actual}, and {expected} is what {by} says. \
         It was deleted; {advice}"
    )]
    Checksum {
        /// The address.
        url: String,
        /// What was expected.
        expected: String,
        /// What came.
        actual: String,
        /// Who says what is expected.
        by: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// Far too much came.
    #[error(
        "{url} sends more than {} MB, which no EfficientNet weights have: check --endpoint and --repo",
        MAX_BYTES >> 20
    )]
    TooLarge {
        /// The address.
        url: String,
    },
    /// Another process is at it.
    #[error("{} is being written by another download: wait for it to end", .0.display())]
    Busy(PathBuf),
    /// The file system refused.
    #[error("{} cannot be written: {source}{}", .path.display(), advice(.source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Why one attempt ended without the whole file.
enum Stop {
    /// Another attempt would fail as well.
    For(DownloadError),
    /// The connection broke; another attempt may succeed.
    Broken(String),
}

impl From<DownloadError> for Stop {
    fn from(error: DownloadError) -> Self {
        Self::For(error)
    }
}

/// Downloads `request.url` to `request.target`. `progress` counts bytes.
pub fn download(
    request: &Request<'_>,
    settings: &Settings,
    progress: &ProgressBar,
) -> Result<Downloaded, DownloadError> {
    let mut part = Part::open(request.target)?;
    let server_sha256 = match complete(&mut part, request.url, settings, progress) {
        Ok(sha256) => sha256,
        Err(error) => {
            if part.len == 0 {
                // Nothing to go on from. If it cannot be deleted, that is not what the user must hear of.
                part.delete().ok();
            }
            return Err(error);
        }
    };
    let (expected, check) = match (request.sha256, &server_sha256) {
        (Some(sha256), _) => (Some(sha256), Check::Given),
        (None, Some(sha256)) => (Some(sha256.as_str()), Check::Server),
        (None, None) => (None, Check::Nothing),
    };
    let sha256 = part.sha256()?;
    if let Some(expected) = expected.filter(|expected| **expected != sha256) {
        let (by, advice) = match check {
            Check::Given => ("--sha256", "check that --sha256 and --revision belong together"),
            _ => ("the server", "run the same command again"),
        };
        let error = DownloadError::Checksum {
            url: request.url.to_owned(),
            expected: expected.to_owned(),
            actual: sha256,
            by,
            advice,
        };
        part.delete()?;
        return Err(error);
    }
    part.rename_to(request.target)?;
    Ok(Downloaded { sha256, check })
}

/// Tries until `part` is complete. Returns the SHA-256 that the server says it must have.
fn complete(
    part: &mut Part,
    url: &str,
    settings: &Settings,
    progress: &ProgressBar,
) -> Result<Option<String>, DownloadError> {
    let mut client = Client { agent: agent(settings), url, answered: false, linked_sha256: None };
    let mut broken = 0;
    loop {
        let reason = match client.attempt(part, progress) {
            Ok(sha256) => return Ok(sha256),
            Err(Stop::For(error)) => return Err(error),
            Err(Stop::Broken(reason)) => reason,
        };
        if broken >= settings.retries {
            return Err(DownloadError::Broken {
                url: url.to_owned(),
                times: broken + 1,
                reason,
                part: part.path.clone(),
            });
        }
        progress.println(format!("the connection broke ({reason}): making it again"));
        std::thread::sleep(settings.pause * 2_u32.saturating_pow(broken));
        broken += 1;
    }
}

fn agent(settings: &Settings) -> Agent {
    let mut config = Agent::config_builder()
        // Redirects are followed by hand: what the hub says of a file's SHA-256 is in the redirect.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        // A compressed answer would not be the range that was asked for.
        .accept_encoding("identity")
        .user_agent(concat!("cse-", env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(settings.connect_timeout))
        .timeout_recv_response(Some(settings.idle_timeout))
        .timeout_per_read(Some(settings.idle_timeout));
    if !settings.use_proxy {
        config = config.proxy(None);
    }
    config.build().into()
}

struct Client<'a> {
    agent: Agent,
    url: &'a str,
    /// Whether any server has answered yet: until then a failure is the network's, and trying again is no use.
    answered: bool,
    /// What the hub says of the file's SHA-256 before it redirects to where the file is.
    linked_sha256: Option<String>,
}

impl Client<'_> {
    /// Brings `part` to completion. Returns the SHA-256 that the server says it must have.
    fn attempt(&mut self, part: &mut Part, progress: &ProgressBar) -> Result<Option<String>, Stop> {
        let response = self.get(part.resumable())?;
        let headers = response.headers();
        let server_sha256 = self.linked_sha256.clone().or_else(|| header(headers, "etag").and_then(sha256_in_etag));
        let total = match response.status() {
            StatusCode::OK => {
                part.restart(header(headers, "etag").filter(|etag| is_strong_etag(etag)))?;
                response.body().content_length()
            }
            StatusCode::PARTIAL_CONTENT => match header(headers, "content-range").and_then(parse_content_range) {
                Some((start, total)) if start == part.len => total,
                _ => return Err(part.discard("the server sent another range than it was asked for")),
            },
            // Asked for what comes after the last byte: everything was there already.
            StatusCode::RANGE_NOT_SATISFIABLE
                if header(headers, "content-range") == Some(&format!("bytes */{}", part.len)) =>
            {
                return Ok(server_sha256);
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                return Err(part.discard("the server has another file now"));
            }
            status => return Err(self.refusal(status)),
        };
        match total {
            Some(total) => progress.set_length(total),
            None => progress.unset_length(),
        }
        progress.set_position(part.len);
        progress.reset_eta();
        self.receive(response.into_body(), part, progress)?;
        match total {
            Some(total) if total > part.len => {
                Err(Stop::Broken(format!("it ended after {} of {total} bytes", part.len)))
            }
            Some(total) if total < part.len => Err(part.discard("the server sent more than it announced")),
            _ => Ok(server_sha256),
        }
    }

    fn receive(&self, body: Body, part: &mut Part, progress: &ProgressBar) -> Result<(), Stop> {
        let mut reader = body.into_reader();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => part.append(&buffer[..count])?,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Stop::Broken(error.to_string())),
            }
            progress.set_position(part.len);
            if part.len > MAX_BYTES {
                part.restart(None)?;
                return Err(DownloadError::TooLarge { url: self.url.to_owned() }.into());
            }
        }
    }

    /// The answer after all redirects. With `resume`, what comes after so many bytes of the file with that ETag.
    fn get(&mut self, resume: Option<(u64, &str)>) -> Result<Response<Body>, Stop> {
        let mut uri: Uri = self.url.parse().map_err(|error| self.bad_url(&error))?;
        for _ in 0..=MAX_REDIRECTS {
            let mut get = self.agent.get(&uri);
            if let Some((start, etag)) = resume {
                get = get.header("range", format!("bytes={start}-")).header("if-range", etag);
            }
            let response = get.call().map_err(|error| self.failure(&uri, error))?;
            self.answered = true;
            if let Some(sha256) = header(response.headers(), "x-linked-etag").and_then(sha256_in_etag) {
                self.linked_sha256 = Some(sha256);
            }
            if !response.status().is_redirection() {
                return Ok(response);
            }
            uri = header(response.headers(), "location")
                .ok_or("no address is given")
                .and_then(|location| join(&uri, location))
                .map_err(|reason| self.bad_redirect(reason))?;
        }
        Err(self.bad_redirect("there are too many redirects").into())
    }

    fn failure(&self, uri: &Uri, error: ureq::Error) -> Stop {
        use ureq::{Error, Timeout};
        let no_connection = match &error {
            Error::BadUri(_) | Error::Http(_) => return self.bad_url(&error).into(),
            Error::Io(error) => !matches!(
                error.kind(),
                ErrorKind::UnexpectedEof
                    | ErrorKind::ConnectionReset
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::BrokenPipe
                    | ErrorKind::TimedOut
            ),
            Error::Timeout(timeout) => matches!(timeout, Timeout::Resolve | Timeout::Connect),
            Error::Protocol(_) => false,
            // Names that are not found, proxies, certificates.
            _ => true,
        };
        if no_connection && !self.answered {
            return Stop::For(DownloadError::Unreachable {
                host: uri.host().unwrap_or("the server").to_owned(),
                url: self.url.to_owned(),
                reason: error.to_string(),
            });
        }
        Stop::Broken(error.to_string())
    }

    fn refusal(&self, status: StatusCode) -> Stop {
        let (url, status) = (self.url.to_owned(), status.as_u16());
        Stop::For(match status {
            404 | 410 => DownloadError::NotFound { url },
            401 | 403 => DownloadError::Refused { url, status },
            408 | 429 | 500..=599 => return Stop::Broken(format!("the server answered {status}")),
            _ => DownloadError::Status { url, status },
        })
    }

    fn bad_url(&self, reason: &dyn std::fmt::Display) -> DownloadError {
        DownloadError::Url { url: self.url.to_owned(), reason: reason.to_string() }
    }

    fn bad_redirect(&self, reason: &str) -> DownloadError {
        DownloadError::Redirect { url: self.url.to_owned(), reason: reason.to_owned() }
    }
}

/// The file as far as it has arrived.
struct Part {
    path: PathBuf,
    etag_path: PathBuf,
    file: File,
    len: u64,
    etag: Option<String>,
}

impl Part {
    fn open(target: &Path) -> Result<Self, DownloadError> {
        let path = appended(target, ".part");
        let etag_path = appended(target, ".part.etag");
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let opened = opened.and_then(|mut file| Ok((file.seek(SeekFrom::End(0))?, file)));
        let (len, file) = opened.map_err(|source| DownloadError::Write { path: path.clone(), source })?;
        // A file system without locks is no reason not to download.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(DownloadError::Busy(path));
        }
        let etag = fs::read_to_string(&etag_path).ok().filter(|etag| is_strong_etag(etag));
        Ok(Self { path, etag_path, file, len, etag })
    }

    /// How many bytes are there and of which file, where the rest can be asked for.
    fn resumable(&self) -> Option<(u64, &str)> {
        self.etag.as_deref().filter(|_| self.len > 0).map(|etag| (self.len, etag))
    }

    /// Begins again at the first byte, of the file with `etag`.
    fn restart(&mut self, etag: Option<&str>) -> Result<(), DownloadError> {
        self.write(|part| part.file.set_len(0).and_then(|()| part.file.rewind()))?;
        self.len = 0;
        self.etag = etag.map(str::to_owned);
        match etag {
            Some(etag) => fs::write(&self.etag_path, etag),
            None => remove_if_there(&self.etag_path),
        }
        .map_err(|source| DownloadError::Write { path: self.etag_path.clone(), source })
    }

    /// Begins again with another attempt.
    fn discard(&mut self, reason: &str) -> Stop {
        match self.restart(None) {
            Ok(()) => Stop::Broken(reason.to_owned()),
            Err(error) => error.into(),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        self.write(|part| part.file.write_all(bytes))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn sha256(&mut self) -> Result<String, DownloadError> {
        self.write(|part| part.file.sync_all().and_then(|()| sha256_of(&part.path)))
    }

    fn rename_to(mut self, target: &Path) -> Result<(), DownloadError> {
        self.write(|part| fs::rename(&part.path, target))?;
        // Of no use any more, and of no harm if it stays.
        remove_if_there(&self.etag_path).ok();
        Ok(())
    }

    fn delete(mut self) -> Result<(), DownloadError> {
        self.write(|part| remove_if_there(&part.path).and_then(|()| remove_if_there(&part.etag_path)))
    }

    fn write<T>(&mut self, action: impl FnOnce(&mut Self) -> io::Result<T>) -> Result<T, DownloadError> {
        action(self).map_err(|source| DownloadError::Write { path: self.path.clone(), source })
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Where `location` leads from `base`.
fn join(base: &Uri, location: &str) -> Result<Uri, &'static str> {
    let no_address = "the address given is none";
    let target = if location.starts_with('/') && !location.starts_with("//") {
        let mut parts = base.clone().into_parts();
        parts.path_and_query = Some(location.parse().map_err(|_| no_address)?);
        Uri::from_parts(parts).map_err(|_| no_address)?
    } else {
        location.parse().map_err(|_| no_address)?
    };
    match (base.scheme_str(), target.scheme_str()) {
        (Some("https"), Some("http")) => Err("it leads from https to http"),
        (_, Some(_)) => Ok(target),
        _ => Err(no_address),
    }
}

/// Whether a byte range of the file with this ETag can be asked for (RFC 9110, 8.8.3: strong, in double quotes).
fn is_strong_etag(etag: &str) -> bool {
    etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"') && etag.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The SHA-256 in an ETag, where it is one: the hub's ETag of a large file is.
fn sha256_in_etag(etag: &str) -> Option<String> {
    let text = etag.trim_start_matches("W/").trim_matches('"');
    (text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

/// First byte and size of the whole file, of `bytes 100-199/1000`; the size may be unknown (`*`).
fn parse_content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

#[cfg(test)]
#[path = "download_tests.rs"]
mod tests;
