//! Downloads from a server on loopback that breaks off, ignores ranges, redirects or lies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::test_server::{TestServer, reply};
use super::*;

const ETAG: &str = "ETag: \"v1\"\r\n";

fn content() -> Vec<u8> {
    (0..200_000_u32).map(|i| (i * 7 + i / 251) as u8).collect()
}

fn sha256(content: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), content).unwrap();
    sha256_of(file.path()).unwrap()
}

struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("model.safetensors")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn get(&self, url: &str, sha256: Option<&str>) -> Result<Downloaded, DownloadError> {
        let settings = Settings {
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(5),
            retries: 3,
            pause: Duration::ZERO,
            use_proxy: false,
        };
        download(&Request { url, target: &self.target(), sha256 }, &settings, &ProgressBar::hidden())
    }
}

/// Answers a range as a server does that knows ranges, with only `sent` bytes of the body sent.
fn ranged(request: &str, headers: &str, content: &[u8], sent: usize) -> Vec<u8> {
    let start = request
        .lines()
        .find_map(|line| line.strip_prefix("range: bytes="))
        .and_then(|range| range.trim().strip_suffix('-')?.parse::<usize>().ok());
    match start {
        Some(start) if start < content.len() => {
            let rest = &content[start..];
            let range = format!("Content-Range: bytes {start}-{}/{}\r\n{headers}", content.len() - 1, content.len());
            reply("206 Partial Content", &range, rest, sent.min(rest.len()))
        }
        Some(_) => reply("416 Range Not Satisfiable", &format!("Content-Range: bytes */{}\r\n", content.len()), b"", 0),
        None => reply("200 OK", headers, content, sent.min(content.len())),
    }
}

/// The first answer is cut after `cut` bytes, the others are whole.
fn cut_once(cut: usize, headers: &'static str) -> TestServer {
    let count = AtomicUsize::new(0);
    TestServer::start(move |request| {
        let sent = if count.fetch_add(1, Ordering::SeqCst) == 0 { cut } else { usize::MAX };
        ranged(request, headers, &content(), sent)
    })
}

#[test]
fn a_file_arrives_whole_and_alone() {
    let folder = Folder::new();
    let server = TestServer::start(|request| ranged(request, ETAG, &content(), usize::MAX));
    let downloaded = folder.get(&server.url(), None).unwrap();
    assert_eq!(fs::read(folder.target()).unwrap(), content());
    assert_eq!(downloaded.sha256, sha256(&content()));
    assert_eq!(downloaded.check, Check::Nothing);
    assert_eq!(folder.names(), ["model.safetensors"]);
    assert!(!server.requests()[0].contains("range:"));
}

#[test]
fn a_broken_connection_is_made_again_for_the_rest_alone() {
    let folder = Folder::new();
    let target = folder.target();
    let early = Arc::new(AtomicUsize::new(0));
    let count = AtomicUsize::new(0);
    let server = TestServer::start({
        let early = early.clone();
        move |request| {
            if target.exists() {
                early.fetch_add(1, Ordering::SeqCst);
            }
            let sent = if count.fetch_add(1, Ordering::SeqCst) < 2 { 70_000 } else { usize::MAX };
            ranged(request, ETAG, &content(), sent)
        }
    });
    folder.get(&server.url(), Some(&sha256(&content()))).unwrap();
    assert_eq!(fs::read(folder.target()).unwrap(), content());
    assert_eq!(early.load(Ordering::SeqCst), 0, "the file was there before it was whole");
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests[1].contains("range: bytes=70000-\r\n"), "{}", requests[1]);
    assert!(requests[1].contains("if-range: \"v1\"\r\n"), "{}", requests[1]);
    assert!(requests[2].contains("range: bytes=140000-\r\n"), "{}", requests[2]);
}

#[test]
fn a_later_run_goes_on_where_the_last_one_ended() {
    let folder = Folder::new();
    {
        let server = TestServer::start(|_| reply("200 OK", ETAG, &content(), 50_000));
        // Every answer is a whole file cut at the same place, so it never gets further.
        let error = folder.get(&server.url(), None).unwrap_err();
        assert!(matches!(error, DownloadError::Broken { times: 4, .. }), "{error}");
        assert!(error.to_string().contains("model.safetensors.part: run the same command again"), "{error}");
    }
    assert_eq!(folder.names(), ["model.safetensors.part", "model.safetensors.part.etag"]);
    let server = TestServer::start(|request| ranged(request, ETAG, &content(), usize::MAX));
    folder.get(&server.url(), None).unwrap();
    assert!(server.requests()[0].contains("range: bytes=50000-\r\n"));
    assert_eq!(fs::read(folder.target()).unwrap(), content());
    assert_eq!(folder.names(), ["model.safetensors"]);
}

#[test]
fn a_part_that_is_whole_already_needs_no_byte_more() {
    let folder = Folder::new();
    fs::write(appended(&folder.target(), ".part"), content()).unwrap();
    fs::write(appended(&folder.target(), ".part.etag"), "\"v1\"").unwrap();
    let server = TestServer::start(|request| ranged(request, ETAG, &content(), usize::MAX));
    folder.get(&server.url(), Some(&sha256(&content()))).unwrap();
    assert_eq!(fs::read(folder.target()).unwrap(), content());
}

#[test]
fn a_file_that_changed_in_between_is_begun_again() {
    let folder = Folder::new();
    fs::write(appended(&folder.target(), ".part"), b"of the older file").unwrap();
    fs::write(appended(&folder.target(), ".part.etag"), "\"v0\"").unwrap();
    // If-Range does not hold, so the whole file comes.
    let server = TestServer::start(|_| reply("200 OK", ETAG, &content(), content().len()));
    folder.get(&server.url(), None).unwrap();
    assert!(server.requests()[0].contains("if-range: \"v0\""));
    assert_eq!(fs::read(folder.target()).unwrap(), content());
}

#[test]
fn a_server_without_ranges_is_asked_for_everything_again() {
    let folder = Folder::new();
    let count = AtomicUsize::new(0);
    let server = TestServer::start(move |_| {
        let sent = if count.fetch_add(1, Ordering::SeqCst) == 0 { 70_000 } else { content().len() };
        reply("200 OK", ETAG, &content(), sent)
    });
    folder.get(&server.url(), None).unwrap();
    assert_eq!(server.requests().len(), 2);
    assert_eq!(fs::read(folder.target()).unwrap(), content());
}

#[test]
fn without_an_etag_no_range_is_asked_for() {
    let folder = Folder::new();
    let server = cut_once(70_000, "");
    folder.get(&server.url(), None).unwrap();
    assert!(!server.requests()[1].contains("range:"));
    assert_eq!(fs::read(folder.target()).unwrap(), content());
}

#[test]
fn a_range_that_was_not_asked_for_is_not_appended() {
    let folder = Folder::new();
    let count = AtomicUsize::new(0);
    let server = TestServer::start(move |request| match count.fetch_add(1, Ordering::SeqCst) {
        0 => ranged(request, ETAG, &content(), 70_000),
        1 => reply("206 Partial Content", "Content-Range: bytes 0-9/200000\r\n", &content()[..10], 10),
        _ => ranged(request, ETAG, &content(), usize::MAX),
    });
    folder.get(&server.url(), None).unwrap();
    assert_eq!(fs::read(folder.target()).unwrap(), content());
}

#[test]
fn a_wrong_checksum_leaves_no_file() {
    let folder = Folder::new();
    let server = TestServer::start(|request| ranged(request, ETAG, &content(), usize::MAX));
    let error = folder.get(&server.url(), Some(&"0".repeat(64))).unwrap_err().to_string();
    assert!(error.contains("is not the file it should be") && error.contains("--sha256 says"), "{error}");
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn the_hubs_checksum_comes_with_the_redirect() {
    let folder = Folder::new();
    for (linked, right) in [(sha256(&content()), true), ("1".repeat(64), false)] {
        let server = TestServer::start(move |request| {
            if request.starts_with("get /repo/resolve/main/model.safetensors ") {
                let headers = format!("X-Linked-Etag: \"{linked}\"\r\nLocation: /store/blob?sig=a\r\n");
                return reply("302 Found", &headers, b"", 0);
            }
            assert!(request.starts_with("get /store/blob?sig=a "), "{request}");
            ranged(request, "ETag: \"of-the-store\"\r\n", &content(), usize::MAX)
        });
        let url = format!("{}/repo/resolve/main/model.safetensors", server.url());
        match folder.get(&url, None) {
            Ok(downloaded) => {
                assert!(right);
                assert_eq!(downloaded.check, Check::Server);
                fs::remove_file(folder.target()).unwrap();
            }
            Err(error) => {
                assert!(!right);
                assert!(error.to_string().contains("is what the server says"), "{error}");
            }
        }
        assert!(folder.names().is_empty());
    }
}

#[test]
fn a_redirect_to_another_server_is_followed_with_the_range() {
    let folder = Folder::new();
    let store = cut_once(70_000, ETAG);
    let location = format!("{}/blob", store.url());
    let hub = TestServer::start(move |_| reply("307 Temporary", &format!("Location: {location}\r\n"), b"", 0));
    folder.get(&hub.url(), None).unwrap();
    assert!(store.requests()[1].contains("range: bytes=70000-\r\n"));
    assert_eq!(fs::read(folder.target()).unwrap(), content());
}

#[test]
fn a_redirect_without_end_is_an_error() {
    let folder = Folder::new();
    let server = TestServer::start(|_| reply("302 Found", "Location: /again\r\n", b"", 0));
    let error = folder.get(&server.url(), None).unwrap_err();
    assert!(matches!(error, DownloadError::Redirect { .. }), "{error}");
    assert_eq!(server.requests().len(), MAX_REDIRECTS + 1);
}

#[test]
fn a_file_that_does_not_exist_is_said_not_to() {
    let folder = Folder::new();
    let server = TestServer::start(|_| reply("404 Not Found", "", b"Entry not found", 15));
    let error = folder.get(&server.url(), None).unwrap_err();
    assert!(matches!(error, DownloadError::NotFound { .. }), "{error}");
    assert_eq!(server.requests().len(), 1);
    assert!(folder.names().is_empty());
}

#[test]
fn a_server_that_is_overloaded_is_asked_again() {
    let folder = Folder::new();
    let count = AtomicUsize::new(0);
    let server = TestServer::start(move |request| match count.fetch_add(1, Ordering::SeqCst) {
        0 => reply("503 Service Unavailable", "", b"", 0),
        _ => ranged(request, ETAG, &content(), usize::MAX),
    });
    folder.get(&server.url(), None).unwrap();
    assert_eq!(fs::read(folder.target()).unwrap(), content());
}

#[test]
fn without_a_network_the_user_learns_what_to_do() {
    let folder = Folder::new();
    // A port that was free a moment ago: nothing listens there.
    let url = TestServer::start(|_| Vec::new()).url();
    for url in [url, "http://no-such-host.invalid/model".to_owned()] {
        let error = folder.get(&url, None).unwrap_err();
        assert!(matches!(error, DownloadError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains("weights import FILE --out OUT"), "{error}");
    }
}

#[test]
fn an_address_that_is_none_is_said_to_be() {
    let folder = Folder::new();
    for url in ["", "not an address", "ftp://127.0.0.1/model", "http://"] {
        let error = folder.get(url, None).unwrap_err();
        assert!(matches!(error, DownloadError::Url { .. } | DownloadError::Unreachable { .. }), "{url}: {error}");
    }
}

#[test]
fn a_second_download_of_the_same_file_does_not_disturb_the_first() {
    let folder = Folder::new();
    let first = Part::open(&folder.target()).unwrap();
    let error = folder.get("http://127.0.0.1:9/", None).unwrap_err();
    assert!(matches!(error, DownloadError::Busy(_)), "{error}");
    drop(first);
}

#[test]
fn a_full_disk_is_said_to_be() {
    let source = io::Error::from(ErrorKind::StorageFull);
    let error = DownloadError::Write { path: "model.part".into(), source }.to_string();
    assert!(error.starts_with("model.part cannot be written: "), "{error}");
    assert!(error.ends_with("make room, or write to another disk with --out"), "{error}");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = Folder::new();
    let target = folder.folder.path().join("missing/model");
    let request = Request { url: "http://127.0.0.1:9/", target: &target, sha256: None };
    let error = download(&request, &Settings::default(), &ProgressBar::hidden()).unwrap_err();
    assert!(error.to_string().contains("missing/model.part cannot be written"), "{error}");
}

#[test]
fn redirects_are_joined_and_never_leave_https() {
    let base: Uri = "https://hub/a/b?c".parse().unwrap();
    assert_eq!(join(&base, "/d?e").unwrap().to_string(), "https://hub/d?e");
    assert_eq!(join(&base, "https://store/f").unwrap().to_string(), "https://store/f");
    for location in ["http://store/f", "//store/f", "relative", "", "/a b"] {
        assert!(join(&base, location).is_err(), "{location}");
    }
}

#[test]
fn etags_and_ranges_are_read() {
    let hex = "0123456789abcdef".repeat(4);
    assert_eq!(sha256_in_etag(&format!("\"{}\"", hex.to_uppercase())), Some(hex.clone()));
    assert_eq!(sha256_in_etag(&format!("W/\"{hex}\"")), Some(hex));
    assert_eq!(sha256_in_etag("\"d41d8cd98f00b204e9800998ecf8427e\""), None);
    assert!(is_strong_etag("\"a\"") && !is_strong_etag("W/\"a\"") && !is_strong_etag("\"a\r\n\""));
    assert_eq!(parse_content_range("bytes 5-9/10"), Some((5, Some(10))));
    assert_eq!(parse_content_range("bytes 5-9/*"), Some((5, None)));
    assert_eq!(parse_content_range("bytes */10"), None);
}
