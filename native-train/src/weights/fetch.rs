//! `weights fetch`: downloads ImageNet weights of EfficientNet-B3 from the Hugging Face hub into the user's cache.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use cse::files::extractor_file;
use cse::published::is_tensorflow;
use ureq::http::Uri;

use super::download::{DownloadError, Downloader, parse_sha256};
use super::import::{ImportError, import_as};
use crate::files;

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";
const DEFAULT_REPO: &str = "timm/efficientnet_b3.ra2_in1k";
const FILE: &str = "model.safetensors";
/// Folder of the extractor files in the user's cache folder.
const CACHE: &str = "cse";
/// End of an extractor file's name.
const ENDING: &str = ".extractor.safetensors";

/// Arguments of `weights fetch`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
The file is ENDPOINT/REPO/resolve/REVISION/model.safetensors. It has about 49 MB, of which 20 MB are kept. A download \
that broke off continues when the command runs again. The file is verified against the SHA-256 that the hub \
publishes, or against --sha256. The environment variables HTTPS_PROXY and NO_PROXY are respected.

Without a network: download the file on another machine and use `native-train weights import`.

Examples:
  native-train weights fetch
  native-train weights fetch --endpoint https://mirror.example.org --out b3.extractor.safetensors")]
pub struct FetchArgs {
    /// Address of the hub, or of a mirror
    #[arg(long, env = "HF_ENDPOINT", default_value = DEFAULT_ENDPOINT, value_name = "URL", value_parser = endpoint)]
    pub endpoint: String,
    /// Repository of a timm EfficientNet-B0 to B3
    #[arg(long, default_value = DEFAULT_REPO, value_name = "OWNER/NAME", value_parser = path_part)]
    pub repo: String,
    /// Branch, tag or commit of the repository. A commit always gives the same file
    #[arg(long, default_value = "main", value_parser = path_part)]
    pub revision: String,
    /// SHA-256 that the downloaded file must have, 64 hexadecimal digits [default: the one that the hub publishes]
    #[arg(long, value_name = "HEX", value_parser = parse_sha256)]
    pub sha256: Option<String>,
    /// Path of the extractor file [default: a file in the user's cache folder ($XDG_CACHE_HOME), where `predict` and `eval`
    /// find it. `train` takes it with --extractor]
    #[arg(long, short, value_name = "OUT")]
    pub out: Option<PathBuf>,
    /// Download even if the extractor file exists
    #[arg(long)]
    pub force: bool,
}

/// Reasons why no extractor file was made.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The user has no home folder.
    #[error("this user has no cache folder (neither XDG_CACHE_HOME nor HOME is set): name a file with --out")]
    NoCache,
    /// A file from other weights exists.
    #[error("{} exists and was made from {made_from}: --force replaces it, --out puts the new one elsewhere", .path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// Provenance of the file.
        made_from: String,
    },
    /// The download failed.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The downloaded file cannot be used.
    #[error("no extractor can be made from {url}: {source}")]
    Import {
        /// Address of the file.
        url: String,
        /// Error of the import.
        source: Box<ImportError>,
    },
}

/// Extractor files that `weights fetch` put into the user's cache folder, in the order of their names.
pub fn cached_extractors() -> Vec<PathBuf> {
    let Some(entries) = dirs::cache_dir().and_then(|cache| fs::read_dir(cache.join(CACHE)).ok()) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(ENDING) && path.is_file());
    files.sort();
    files
}

/// Downloads the weights and makes the extractor file. Returns a message for the user.
pub fn fetch(args: &FetchArgs) -> Result<String, FetchError> {
    fetch_with(args, &Downloader::default())
}

fn fetch_with(args: &FetchArgs, downloader: &Downloader) -> Result<String, FetchError> {
    let name = args.repo.rsplit('/').next().unwrap_or(&args.repo);
    let cached = || Some(dirs::cache_dir()?.join(CACHE).join(format!("{name}{ENDING}")));
    let out = args.out.clone().or_else(cached).ok_or(FetchError::NoCache)?;
    if out.is_file() && !args.force {
        return existing(args, out);
    }
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).map_err(|source| DownloadError::Write { path: folder.to_owned(), source })?;
    }
    let url = format!("{}/{}", args.endpoint, place(args));
    let part = files::appended(&out, ".part");
    let verified = downloader.download(&url, &part, args.sha256.as_deref())?;
    let imported = import_as(&part, &out, &url, is_tensorflow(name));
    // If only the extractor file cannot be written, the download is kept for the next run.
    if !matches!(imported, Err(ImportError::Write { .. })) {
        fs::remove_file(&part).ok();
    }
    let imported = imported.map_err(|source| FetchError::Import { url: url.clone(), source: Box::new(source) })?;
    Ok(format!("{imported}\n{url}: {verified}"))
}

/// Message that `out` exists. An error if it was not made from the weights that `args` names, at any mirror.
fn existing(args: &FetchArgs, out: PathBuf) -> Result<String, FetchError> {
    let info = fs::read(&out).ok().and_then(|bytes| extractor_file::read_info(&bytes).ok());
    let made_from = info.map_or_else(|| "something that is not an extractor".to_owned(), |info| info.provenance);
    let same_content = args.sha256.as_ref().is_none_or(|sha256| made_from.ends_with(sha256.as_str()));
    if same_content && made_from.contains(&format!("/{},", place(args))) {
        Ok(format!("{} exists; --force downloads it again", out.display()))
    } else {
        Err(FetchError::Other { path: out, made_from })
    }
}

/// Path of the weights below the endpoint.
fn place(args: &FetchArgs) -> String {
    // The hub takes a revision with a slash (`refs/pr/1`) only in this form.
    format!("{}/resolve/{}/{FILE}", args.repo, args.revision.replace('/', "%2F"))
}

fn endpoint(text: &str) -> Result<String, String> {
    // An empty environment variable counts as unset.
    let text = if text.is_empty() { DEFAULT_ENDPOINT } else { text.trim_end_matches('/') };
    match text.parse::<Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("https" | "http")) && uri.query().is_none() => Ok(text.to_owned()),
        _ => Err("it must be an address that begins with https:// or http://".into()),
    }
}

fn path_part(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
    if text.bytes().all(allowed) && !text.split('/').any(|part| matches!(part, "" | "..")) {
        Ok(text.to_owned())
    } else {
        Err("it may hold letters, digits, '.', '_', '-' and single '/'".into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::path::Path;

    use clap::Parser;
    use cse::files::state_dict::{Precision, write};
    use cse::network::efficientnet::Architecture;

    use super::super::download::tests::impatient;
    use super::super::test_server::{TestServer, reply};
    use super::*;
    use cse::published::names::Layout;
    use cse::published::recognise::made_up;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        fetch: FetchArgs,
    }

    fn args(endpoint: &str, out: &Path, more: &[&str]) -> FetchArgs {
        let all = ["fetch", "--endpoint", endpoint, "--out", out.to_str().unwrap()];
        Cli::try_parse_from(all.iter().chain(more)).unwrap_or_else(|error| panic!("{error}")).fetch
    }

    #[test]
    fn weights_become_an_extractor_file() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("new/b0.extractor.safetensors");
        let content = write(&made_up(Architecture::B0, Layout::Timm, ""), HashMap::new(), Precision::F16).unwrap();
        let server = TestServer::start(move |_, _| reply("200 OK", "", &content, content.len()));
        let args = args(&server.url, &out, &["--repo", "timm/efficientnet_b0.ra_in1k", "--revision", "refs/pr/1"]);
        let fetched = fetch_with(&args, &impatient()).unwrap();
        assert!(fetched.contains("b0.extractor.safetensors: efficientnet_b0"), "{fetched}");
        assert!(fetched.contains("not verified"), "{fetched}");
        let path = "/timm/efficientnet_b0.ra_in1k/resolve/refs%2Fpr%2F1/model.safetensors";
        assert_eq!(server.ranges(path).len(), 1);

        let info = extractor_file::read_info(&fs::read(&out).unwrap()).unwrap();
        assert_eq!(info.architecture, Architecture::B0.into());
        assert!(info.provenance.starts_with(&server.url), "{}", info.provenance);
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1);

        assert!(fetch_with(&args, &impatient()).unwrap().contains("exists"));
        let refused = |args: FetchArgs| matches!(fetch_with(&args, &impatient()), Err(FetchError::Other { .. }));
        assert!(refused(FetchArgs { revision: "main".into(), ..args.clone() }));
        assert!(refused(FetchArgs { repo: "else/efficientnet_b0.ra_in1k".into(), ..args.clone() }));
        assert!(refused(FetchArgs { sha256: Some("0".repeat(64)), ..args.clone() }));
        assert_eq!(server.ranges(path).len(), 1);
    }

    #[test]
    fn a_login_page_is_not_taken_for_weights() {
        let folder = tempfile::tempdir().unwrap();
        let server = TestServer::start(|_, _| reply("200 OK", "", b"<html>Log in</html>", 19));
        let args = args(&server.url, &folder.path().join("b3"), &[]);
        let error = fetch_with(&args, &impatient()).unwrap_err().to_string();
        assert!(error.contains("is neither a .safetensors file nor"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
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
