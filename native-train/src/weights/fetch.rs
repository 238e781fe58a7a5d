//! `weights fetch`: EfficientNet-B3's ImageNet weights from the Hugging Face hub into the user's cache.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

use clap::Args;
use cse::files::extractor_file;
use indicatif::{ProgressBar, ProgressStyle};

use super::advice::advice;
use super::download::{Check, DownloadError, Downloaded, Request, Settings, download};
use super::import::{ImportError, Imported, import_as};
use crate::files;

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";
const DEFAULT_REPO: &str = "timm/efficientnet_b3.ra2_in1k";
const FILE: &str = "model.safetensors";
/// Folder in the user's cache folder, and how the files' names end there.
const CACHE: &str = "cse";
const ENDING: &str = ".extractor.safetensors";

/// `weights fetch`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
The file is ENDPOINT/REPO/resolve/REVISION/model.safetensors, about 49 MB, of which 20 MB are kept. A download that \
broke off goes on where it was when the command is run again. The content is checked against the SHA-256 that the hub \
publishes, or against --sha256. The environment's HTTPS_PROXY and NO_PROXY are respected.

Without a network: download the file on another machine and use `native-train weights import`.

Examples:
  native-train weights fetch
  native-train weights fetch --endpoint https://mirror.example.org --out b3.extractor.safetensors")]
pub struct FetchArgs {
    /// The hub, or a mirror of it
    #[arg(long, env = "HF_ENDPOINT", default_value = DEFAULT_ENDPOINT, value_name = "URL", value_parser = endpoint)]
    pub endpoint: String,
    /// The repository of a timm EfficientNet-B0 to B3
    #[arg(long, default_value = DEFAULT_REPO, value_name = "OWNER/NAME", value_parser = path_part)]
    pub repo: String,
    /// Branch, tag or commit of the repository; a commit makes sure to get the same file again
    #[arg(long, default_value = "main", value_parser = path_part)]
    pub revision: String,
    /// SHA-256 that the downloaded file must have, 64 hexadecimal digits [default: what the hub publishes]
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    pub sha256: Option<String>,
    /// Where the extractor file goes [default: the user's cache folder ($XDG_CACHE_HOME), where `score` and
    /// `eval` find it; `train` takes it as --extractor]
    #[arg(long, short, value_name = "OUT")]
    pub out: Option<PathBuf>,
    /// Download even if the extractor file is there already
    #[arg(long)]
    pub force: bool,
}

/// What `weights fetch` did.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// The extractor file was there.
    AlreadyThere(PathBuf),
    /// The extractor file was made.
    New {
        /// It.
        imported: Imported,
        /// Where it comes from.
        url: String,
        /// What came from there.
        downloaded: Downloaded,
    },
}

impl fmt::Display for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyThere(path) => {
                write!(f, "{}: there already; --force downloads it again", path.display())
            }
            Self::New { imported, url, downloaded } => {
                let check = match downloaded.check {
                    Check::Given => "as --sha256 says",
                    Check::Server => "as the server says",
                    Check::Nothing => {
                        "not checked: the server names no SHA-256 and --sha256 was not given, so compare it yourself"
                    }
                };
                write!(f, "{imported}\n{url}: SHA-256 {}, {check}", downloaded.sha256)
            }
        }
    }
}

/// Why no extractor file was made.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no home folder.
    #[error("this user has no cache folder (neither XDG_CACHE_HOME nor HOME is set): name a file with --out")]
    NoCache,
    /// The folder cannot be made.
    #[error("the folder {} cannot be made: {source}{}", .path.display(), advice(.source))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another file is there.
    #[error("{} is there already, made of {made_of}: --force replaces it, and --out puts the new one elsewhere", .path.display())]
    Other {
        /// It.
        path: PathBuf,
        /// Its provenance.
        made_of: String,
    },
    /// The download failed.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// What was downloaded cannot be used.
    #[error("{url} was downloaded, but no extractor can be made of it: {source}. It is kept as {}", .kept.display())]
    Import {
        /// The address.
        url: String,
        /// What is wrong.
        source: Box<ImportError>,
        /// The downloaded file.
        kept: PathBuf,
    },
}

/// Where `weights fetch` puts the extractor file of `repo` (`OWNER/NAME`) if it is not told otherwise.
pub fn cached(repo: &str) -> Option<PathBuf> {
    let name = repo.rsplit('/').next().unwrap_or(repo);
    Some(dirs::cache_dir()?.join(CACHE).join(format!("{name}{ENDING}")))
}

/// The extractor files that `weights fetch` put into the user's cache folder, in the order of their names.
pub fn cached_extractors() -> Vec<PathBuf> {
    let Some(entries) = dirs::cache_dir().and_then(|cache| fs::read_dir(cache.join(CACHE)).ok()) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(ENDING) && path.is_file());
    files.sort();
    files
}

/// Downloads the weights and makes the extractor file. A progress bar is drawn on standard error if that is a terminal.
pub fn fetch(args: &FetchArgs) -> Result<Fetched, FetchError> {
    fetch_with(args, &Settings::default(), &progress_bar())
}

fn fetch_with(args: &FetchArgs, settings: &Settings, progress: &ProgressBar) -> Result<Fetched, FetchError> {
    let out = match &args.out {
        Some(out) => out.clone(),
        None => cached(&args.repo).ok_or(FetchError::NoCache)?,
    };
    if out.is_file() && !args.force {
        return there(args, out);
    }
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).map_err(|source| FetchError::Folder { path: folder.to_owned(), source })?;
    }
    let url = url(args);
    let downloads = files::appended(&out, ".download");
    let request = Request { url: &url, target: &downloads, sha256: args.sha256.as_deref() };
    let downloaded = download(&request, settings, progress);
    progress.finish_and_clear();
    let downloaded = downloaded?;
    let tensorflow = args.repo.rsplit('/').next().is_some_and(|name| name.starts_with("tf_"));
    let imported = import_as(&downloads, &out, &url, tensorflow).map_err(|source| FetchError::Import {
        url: url.clone(),
        source: Box::new(source),
        kept: downloads.clone(),
    })?;
    // The extractor file is what was asked for, and it is there.
    fs::remove_file(&downloads).ok();
    Ok(Fetched::New { imported, url, downloaded })
}

/// The file that is there, if it is of what is asked for, from whichever mirror.
fn there(args: &FetchArgs, out: PathBuf) -> Result<Fetched, FetchError> {
    let info = fs::read(&out).ok().and_then(|bytes| extractor_file::read_info(&bytes).ok());
    let made_of = info.map_or_else(|| "something that is no extractor".to_owned(), |info| info.provenance);
    let same_content = args.sha256.as_ref().is_none_or(|sha256| made_of.ends_with(sha256.as_str()));
    if same_content && made_of.contains(&format!("/{},", place(args))) {
        Ok(Fetched::AlreadyThere(out))
    } else {
        Err(FetchError::Other { path: out, made_of })
    }
}

fn url(args: &FetchArgs) -> String {
    format!("{}/{}", args.endpoint, place(args))
}

/// Of the file at any hub.
fn place(args: &FetchArgs) -> String {
    // The hub takes a revision with a slash (`refs/pr/1`) only in this form.
    let revision = args.revision.replace('/', "%2F");
    format!("{}/resolve/{revision}/{FILE}", args.repo)
}

/// Draws nothing where standard error is no terminal.
fn progress_bar() -> ProgressBar {
    let template = "{wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
    let bar = ProgressBar::new(0);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    // An environment variable that is set to nothing is as good as not set.
    let text = if text.is_empty() { DEFAULT_ENDPOINT } else { text.trim_end_matches('/') };
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?') => {
            Ok(text.to_owned())
        }
        _ => Err("it must be an address that begins with https:// or http://".into()),
    }
}

fn path_part(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) && !text.split('/').any(|part| part.is_empty() || part == "..") {
        Ok(text.to_owned())
    } else {
        Err("letters, digits, '.', '_', '-' and single '/' can be in it".into())
    }
}

fn sha256(text: &str) -> Result<String, String> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("a SHA-256 has 64 hexadecimal digits".into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::path::Path;
    use std::time::Duration;

    use clap::Parser;
    use cse::files::state_dict::{Precision, write};
    use cse::network::efficientnet::Architecture;

    use super::super::names::Layout;
    use super::super::recognise::made_up;
    use super::super::test_server::{TestServer, reply};
    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        fetch: FetchArgs,
    }

    fn args(endpoint: &str, out: &Path, more: &[&str]) -> FetchArgs {
        let out = out.to_str().unwrap();
        let all = ["fetch", "--endpoint", endpoint, "--out", out];
        Cli::try_parse_from(all.iter().chain(more)).unwrap_or_else(|error| panic!("{error}")).fetch
    }

    fn fetch_here(args: &FetchArgs) -> Result<Fetched, FetchError> {
        let settings = Settings { retries: 0, pause: Duration::ZERO, use_proxy: false, ..Settings::default() };
        fetch_with(args, &settings, &ProgressBar::hidden())
    }

    fn b0() -> Vec<u8> {
        write(&made_up(Architecture::B0, Layout::Timm, ""), HashMap::new(), Precision::F16).unwrap()
    }

    #[test]
    fn what_lies_at_out_is_an_extractor_file() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("new/b0.extractor.safetensors");
        let server = TestServer::start(|_| {
            let content = b0();
            reply("200 OK", "", &content, content.len())
        });
        let more = ["--repo", "timm/efficientnet_b0.ra_in1k", "--revision", "refs/pr/1"];
        let args = args(&server.url(), &out, &more);
        let fetched = fetch_here(&args).unwrap();
        assert!(matches!(&fetched, Fetched::New { imported, .. } if imported.out == out));
        assert!(fetched.to_string().contains("not checked"), "{fetched}");
        let path = "/timm/efficientnet_b0.ra_in1k/resolve/refs%2fpr%2f1/model.safetensors";
        assert!(server.requests()[0].starts_with(&format!("get {path} ")), "{:?}", server.requests());

        let info = cse::files::extractor_file::read_info(&fs::read(&out).unwrap()).unwrap();
        assert_eq!(info.architecture, Architecture::B0);
        assert!(info.provenance.starts_with(&server.url()), "{}", info.provenance);
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1);

        assert!(matches!(fetch_here(&args).unwrap(), Fetched::AlreadyThere(_)));
        let refused = |args: FetchArgs| matches!(fetch_here(&args), Err(FetchError::Other { .. }));
        assert!(refused(FetchArgs { revision: "main".into(), ..args.clone() }));
        assert!(refused(FetchArgs { repo: "else/efficientnet_b0.ra_in1k".into(), ..args.clone() }));
        assert!(refused(FetchArgs { sha256: Some("0".repeat(64)), ..args.clone() }));
        assert_eq!(server.requests().len(), 1);
    }

    #[test]
    fn a_page_in_place_of_the_file_is_not_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("b3");
        let server = TestServer::start(|_| reply("200 OK", "", b"<html>Log in</html>", 19));
        let error = fetch_here(&args(&server.url(), &out, &[])).unwrap_err().to_string();
        assert!(error.contains("is neither a .safetensors file nor"), "{error}");
        assert!(!out.exists());
    }

    #[test]
    fn arguments_that_make_no_address_are_refused() {
        let refused = |arguments: &[&str]| Cli::try_parse_from(["fetch"].iter().chain(arguments)).is_err();
        assert!(refused(&["--endpoint", "huggingface.co"]));
        assert!(refused(&["--endpoint", "https://"]));
        assert!(refused(&["--repo", "a/../b"]));
        assert!(refused(&["--revision", "main?x=1"]));
        assert!(refused(&["--revision", ""]));
        assert!(refused(&["--sha256", "abc"]));
        assert!(!refused(&["--endpoint", "http://127.0.0.1:8080/hub/"]));
        assert_eq!(endpoint(""), Ok(DEFAULT_ENDPOINT.to_owned()));
    }
}
