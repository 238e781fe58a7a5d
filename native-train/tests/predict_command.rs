//! Tests of `predict` as a script uses it: many photos, JSON lines, interrupted runs, exit codes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use sha2::{Digest, Sha256};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/public").join(name)
}

/// Command `predict` with the shipped model of cloth.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_native-train"));
    command.args(["predict", "--device", "cpu", "--model"]).arg(shipped("models/cloth.safetensors")).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn predict(arguments: &[&str]) -> Output {
    command(arguments).output().expect("starts")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("a code: {}", said(output)))
}

fn lines(text: &[u8]) -> Vec<Value> {
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect()
}

fn images(lines: &[Value]) -> Vec<String> {
    let name =
        |line: &Value| Path::new(line["image"].as_str()?).file_name().map(|name| name.to_string_lossy().into_owned());
    lines.iter().map(|line| name(line).expect("a path")).collect()
}

/// Temporary folder.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    /// Copies a shipped sample into the folder under another name.
    fn sample(&self, sample: &str, name: &str) -> String {
        let path = self.at(name);
        std::fs::create_dir_all(Path::new(&path).parent().expect("has one")).expect("a folder");
        std::fs::copy(shipped("samples").join(sample), &path).expect("copied");
        path
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.at(name), content).expect("written");
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        lines(&std::fs::read(self.at(name)).expect("written"))
    }
}

/// Other materials, extremes and the model's own samples, by what each is answered.
#[test]
fn another_material_is_unlike_and_a_defect_is_a_defect() {
    let folder = Folder::new();
    let flat = |name: &str, value: u8| {
        let path = folder.at(name);
        image::RgbImage::from_pixel(320, 320, image::Rgb([value; 3])).save(&path).expect("written");
        path
    };
    let mut foreign = vec![flat("black.png", 0), flat("grey.png", 128), flat("white.png", 255)];
    let mut own = Vec::new();
    for entry in std::fs::read_dir(shipped("samples")).expect("the samples") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (if name.starts_with("cloth-") { &mut own } else { &mut foreign }).push(path.to_string_lossy().into_owned());
    }
    let verdicts = |photos: &[String]| {
        let mut arguments = vec!["--json", "-", "--fail-on-defect"];
        arguments.extend(photos.iter().map(String::as_str));
        let output = predict(&arguments);
        assert_eq!(code(&output), 4, "{}", said(&output));
        lines(&output.stdout)
    };
    for line in verdicts(&foreign) {
        assert!(line["verdict"] == "unlike" && line["defective"] == true, "{line}");
        assert!(line["score"].as_f64() > Some(1.0), "{line}");
        let notes = line["notes"].to_string();
        match line["image"].as_str().and_then(|path| path.rsplit('/').next()) {
            Some("black.png") => assert!(notes.contains("it is darker (mean grey value 0,"), "{line}"),
            Some("white.png") => assert!(notes.contains("it is brighter (mean grey value 255,"), "{line}"),
            _ => {}
        }
    }
    for line in verdicts(&own) {
        let is_good = line["image"].as_str().expect("a path").contains("-good-");
        assert_eq!(line["verdict"], if is_good { "no-defect" } else { "defect" }, "{line}");
    }
}

#[test]
fn a_folder_of_all_sorts_gives_a_line_a_photo_in_natural_order() {
    let folder = Folder::new();
    for number in [10, 2, 1] {
        folder.sample("cloth-good-0.jpg", &format!("lot/{number}.jpg"));
    }
    folder.sample("cloth-hole-0.jpg", "lot/z/0.JPG");
    folder.write("lot/cut.png", "no picture");
    folder.write("lot/Thumbs.db", "");
    folder.write("lot/notes.txt", "");
    let output = predict(&[&folder.at("lot"), "--json", "-"]);
    assert_eq!(code(&output), 3, "{}", said(&output));
    let lines = lines(&output.stdout);
    assert_eq!(images(&lines), ["1.jpg", "2.jpg", "10.jpg", "cut.png", "0.JPG"]);
    assert!(said(&output).contains("5 photos: 3 good, 1 defective, 1 without a verdict"), "{}", said(&output));
    assert!(
        said(&output).contains("passed over in folders, because they are not photos: 1 .db, 1 .txt"),
        "{}",
        said(&output)
    );
    let [good, .., cut, hole] = &lines[..] else { panic!("five lines") };
    assert!(cut["error"].is_string() && cut.get("score").is_none() && cut.get("defective").is_none(), "{cut}");
    assert!(hole["defective"] == true && good["defective"] == false && good.get("error").is_none());
    // Each line names its photo and its model by their SHA-256.
    let sha256 = |path: PathBuf| -> String {
        Sha256::digest(std::fs::read(path).expect("readable")).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    assert_eq!(good["sha256"], sha256(shipped("samples/cloth-good-0.jpg")));
    assert_eq!(good["model_sha256"], sha256(shipped("models/cloth.safetensors")));
    assert_eq!(good["model"], "Woven cloth");
    assert!(good["extractor"].is_string() && good["threshold"].is_number() && good["notes"] == serde_json::json!([]));
}

#[test]
fn exit_codes_tell_a_script_how_it_went() {
    let folder = Folder::new();
    let (good, hole) = (folder.sample("cloth-good-0.jpg", "good.jpg"), folder.sample("cloth-hole-0.jpg", "hole.jpg"));
    let absent = folder.at("absent.png");
    std::fs::create_dir(folder.at("empty")).expect("a folder");
    folder.write("file", "");
    for (expected, arguments) in [
        (0, vec![good.as_str(), &hole]),
        (0, vec![&good, "--fail-on-defect"]),
        (1, vec![&folder.at("empty")]),
        (1, vec![&good, "--json", "-", "--resume"]),
        (1, vec![&good, "--json", &folder.at("file/x.jsonl")]),
        (1, vec![&folder.at("*.tif")]),
        (2, vec![]),
        (2, vec![&good, "--resume"]),
        (2, vec![&good, "--raw-maps-format", "tiff"]),
        (3, vec![&absent]),
        (3, vec![&absent, &hole, "--fail-on-defect"]),
        (4, vec![&good, &hole, "--fail-on-defect"]),
    ] {
        let output = predict(&arguments);
        assert_eq!(code(&output), expected, "{arguments:?}: {}", said(&output));
        assert!(!said(&output).contains("panicked"), "{}", said(&output));
    }
    // A picture that cannot be written has another exit code and a note.
    std::fs::create_dir_all(folder.at("maps/good_map.png/full")).expect("a folder");
    let output = predict(&[&good, "--maps", &folder.at("maps"), "--json", "-"]);
    assert_eq!(code(&output), 3, "{}", said(&output));
    let line = &lines(&output.stdout)[0];
    assert!(line["defective"] == false && line["notes"][0].is_string() && line.get("map").is_none(), "{line}");
}

#[test]
fn photos_come_from_patterns_and_from_standard_input() {
    let folder = Folder::new();
    for name in ["a/1.jpg", "b/2.jpg", "b/3.jpg"] {
        folder.sample("cloth-good-1.jpg", name);
    }
    let output = predict(&[&folder.at("*/[12].jpg"), "--json", "-"]);
    assert_eq!((code(&output), images(&lines(&output.stdout))), (0, vec!["1.jpg".into(), "2.jpg".into()]));

    let mut running = command(&["-", "--json", "-"]).stdin(Stdio::piped()).spawn().expect("starts");
    let list = format!("{}\n{}\n", folder.at("b/3.jpg"), folder.at("a"));
    running.stdin.take().expect("piped").write_all(list.as_bytes()).expect("written");
    let output = running.wait_with_output().expect("ends");
    assert_eq!((code(&output), images(&lines(&output.stdout))), (0, vec!["3.jpg".into(), "1.jpg".into()]));
}

/// Starts a run over `photos` and waits until it has written some lines.
fn begun(photos: &str, json: &str) -> Child {
    let running = command(&[photos, "--json", json]).spawn().expect("starts");
    while std::fs::read(json).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count() < 3 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    running
}

/// Folder of `count` photos, of which every seventh is defective.
fn many(count: usize) -> Folder {
    let folder = Folder::new();
    for number in 0..count {
        let sample = if number % 7 == 3 { "cloth-hole-0.jpg" } else { "cloth-good-0.jpg" };
        folder.sample(sample, &format!("photos/{number}.jpg"));
    }
    folder
}

#[test]
fn a_killed_run_keeps_its_lines_and_goes_on_from_there() {
    let folder = many(60);
    let (photos, json, whole) = (folder.at("photos"), folder.at("a.jsonl"), folder.at("whole.jsonl"));
    let mut running = begun(&photos, &json);
    running.kill().expect("killed");
    running.wait().expect("ends");
    // The file ends in the middle of a line, as if the run had been killed there.
    let mut bytes = std::fs::read(&json).expect("written");
    bytes.truncate(bytes.len() - 20);
    std::fs::write(&json, &bytes).expect("written");
    let kept = bytes.iter().filter(|byte| **byte == b'\n').count();
    assert!((2..59).contains(&kept), "{kept}");

    // Without --resume, existing results are not replaced.
    assert_eq!(code(&predict(&[&photos, "--json", &json])), 1);
    let output = predict(&[&photos, "--json", &json, "--resume", "--fail-on-defect"]);
    assert_eq!(code(&output), 4, "{}", said(&output));
    assert!(said(&output).contains(&format!("{kept} of them predicted by an earlier run")), "{}", said(&output));
    assert_eq!(code(&predict(&[&photos, "--json", &whole])), 0);
    assert!(folder.lines("a.jsonl") == folder.lines("whole.jsonl"), "resumed and whole differ");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_finishes_what_it_has_in_hand() {
    let folder = many(200);
    let (photos, json) = (folder.at("photos"), folder.at("a.jsonl"));
    let running = begun(&photos, &json);
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().expect("kill is there").success());
    let output = running.wait_with_output().expect("ends");
    assert_eq!(code(&output), 130, "{}", said(&output));
    let kept = folder.lines("a.jsonl").len();
    assert!(said(&output).contains(&format!("{} not tried", 200 - kept)), "{kept}: {}", said(&output));
}

#[test]
fn what_changed_since_the_earlier_run_is_inspected_again() {
    let folder = many(3);
    let (photos, json) = (folder.at("photos"), folder.at("a.jsonl"));
    folder.write("photos/3.jpg", "not yet copied");
    let run = |more: &[&str]| {
        let before = std::fs::read(&json).map_or(0, |bytes| lines(&bytes).len());
        let output = predict(&[&[photos.as_str(), "--json", &json], more].concat());
        (code(&output), images(&folder.lines("a.jsonl")[before..]))
    };
    assert_eq!(run(&[]).0, 3);
    folder.sample("cloth-hole-0.jpg", "photos/1.jpg");
    folder.sample("cloth-good-2.jpg", "photos/3.jpg");
    assert_eq!(run(&["--resume"]), (0, vec!["1.jpg".into(), "3.jpg".into()]));
    assert_eq!(run(&["--resume"]), (0, vec![]));
    assert_eq!(run(&["--resume", "--threshold", "1000000"]).1.len(), 4);
    let with_maps = ["--resume", "--maps", &folder.at("maps")];
    assert_eq!((run(&with_maps).1.len(), run(&with_maps).1.len()), (4, 0));
    std::fs::remove_file(folder.at("maps/2_map.png")).expect("written");
    assert_eq!(run(&with_maps).1, ["2.jpg"]);
}

#[test]
fn raw_maps_hold_the_values_of_the_map() {
    let folder = Folder::new();
    let (good, hole) = (folder.sample("cloth-good-0.jpg", "good.jpg"), folder.sample("cloth-hole-0.jpg", "hole.jpg"));
    let run = |format: &str| {
        let to = folder.at(format);
        let output = predict(&[&good, &hole, "--json", "-", "--raw-maps", &to, "--raw-maps-format", format]);
        assert_eq!(code(&output), 0, "{}", said(&output));
        lines(&output.stdout)
    };
    for (by_png, by_tiff) in run("png").iter().zip(run("tiff")) {
        let path = |line: &Value| line["raw_map"].as_str().expect("a path").to_owned();
        let greys = image::open(path(by_png)).expect("decodes");
        assert_eq!((greys.color(), greys.width(), greys.height()), (image::ColorType::L16, 320, 320));
        let file = std::fs::File::open(path(&by_tiff)).expect("written");
        let mut decoder = tiff::decoder::Decoder::new(std::io::BufReader::new(file)).expect("a TIFF");
        assert_eq!(decoder.dimensions().expect("a size"), (320, 320));
        let tiff::decoder::DecodingResult::F32(values) = decoder.read_image().expect("decodes") else {
            panic!("floats")
        };
        let end = |name: &str| by_png["raw_map_scale"][name].as_f64().expect("a number");
        let largest = values.iter().copied().fold(0.0, f32::max);
        assert!(largest <= end("high") as f32 && end("low") == 0.0);
        for (grey, value) in greys.into_luma16().pixels().zip(values) {
            let read = end("low") + (f64::from(grey[0]) - 1.0) / 65534.0 * (end("high") - end("low"));
            assert!((read - f64::from(value)).abs() <= end("high") / 65534.0, "{read} {value}");
        }
        assert!(by_tiff.get("raw_map_scale").is_none());
    }
}
