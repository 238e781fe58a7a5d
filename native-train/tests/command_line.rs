//! Tests of the command line as a user runs it: from photos to a prediction, and the messages on errors.

use std::path::Path;
use std::process::{Command, Output};

use image::RgbImage;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_native-train")).args(arguments).output().expect("starts")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Photo of woven stripes, with a dark disc if `hole` is set.
fn cloth(number: u32, hole: bool) -> RgbImage {
    RgbImage::from_fn(96, 96, |x, y| {
        let thread = ((x + number) / 3 % 2) ^ (y / 3 % 2);
        let noise = (x * 7919 + y * 104_729 + number * 31) % 23;
        let value = (90 + 70 * thread + noise) as u8;
        let in_hole = hole && (x as i32 - 50).pow(2) + (y as i32 - 40).pow(2) < 200;
        image::Rgb(if in_hole { [8, 8, 8] } else { [value, value / 2 + 40, 60] })
    })
}

fn data_set(folder: &Path) {
    for (kind, count, hole) in [("train/good", 10, false), ("test/good", 4, false), ("test/hole", 4, true)] {
        let folder = folder.join(kind);
        std::fs::create_dir_all(&folder).expect("a folder");
        for number in 0..count {
            let offset = if kind == "train/good" { 0 } else { 100 };
            cloth(number + offset, hole).save(folder.join(format!("{number:03}.png"))).expect("saved");
        }
    }
}

#[test]
fn photos_to_model_to_verdict() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    data_set(folder.path());
    let train = |out: &str| {
        let (data, out) = (at(""), at(out));
        let arguments = ["train", "--data", &data, "--out", &out, "--steps", "60", "--seed", "7", "--device", "cpu"];
        let output = run(&arguments);
        assert!(output.status.success(), "{}", text(&output));
    };
    train("a.safetensors");
    train("b.safetensors");
    let bytes = |name: &str| std::fs::read(at(name)).expect("written");
    assert_eq!(bytes("a.safetensors"), bytes("b.safetensors"), "the same seed gives the same model");

    let output = run(&["info", &at("a.safetensors")]);
    assert!(text(&output).contains("category model") && text(&output).contains("threshold"), "{}", text(&output));

    let output = run(&["eval", "--model", &at("a.safetensors"), "--data", &at(""), "--json", &at("eval.json")]);
    assert!(output.status.success(), "{}", text(&output));
    let report: serde_json::Value = serde_json::from_slice(&bytes("eval.json")).expect("JSON");
    assert_eq!(report["image_auroc"], 1.0, "{report}");
    assert!(report["pixel_auroc"].is_null() && report["f1_max"] == 1.0, "{report}");
    assert_eq!(report["per_kind"]["hole"]["images"], 4);

    let (good, hole) = (at("test/good/000.png"), at("test/hole/000.png"));
    let model = at("a.safetensors");
    let output = run(&["predict", "--model", &model, &good, &hole, "--json", "-", "--maps", &at("maps")]);
    let scores: Vec<f64> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["score"].as_f64())
        .collect();
    assert!(scores.len() == 2 && scores[0] < scores[1], "{}", text(&output));
    // Photos with the same name get different pictures.
    assert!(["maps/good_000_map.png", "maps/hole_000_map.png"].iter().all(|map| image::open(at(map)).is_ok()));
}

/// The first JSON line of `predict` on one photo.
fn verdict(model: &str, photo: &str) -> serde_json::Value {
    let output = run(&["predict", "--model", model, photo, "--device", "cpu", "--json", "-"]);
    let line = String::from_utf8_lossy(&output.stdout).lines().next().map(serde_json::from_str);
    line.and_then(Result::ok).unwrap_or_else(|| panic!("{}", text(&output)))
}

const GAUSSIAN: [&str; 6] = ["--method", "gaussian", "--taps", "stage7", "--device", "cpu"];

#[test]
fn a_defect_in_an_ignored_region_is_no_defect() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    data_set(folder.path());
    // The map is highest around the hole.
    let mask = image::GrayImage::from_fn(96, 96, |x, y| image::Luma([u8::from(x < 72 && y < 62)]));
    mask.save(at("mask.png")).expect("saved");
    let train = |out: &str, more: &[&str]| {
        let (data, out) = (at(""), at(out));
        let output = run(&[["train", "--data", &data, "--out", &out].as_slice(), &GAUSSIAN, more].concat());
        assert!(output.status.success(), "{}", text(&output));
    };
    train("whole.safetensors", &[]);
    train("part.safetensors", &["--ignore-mask", &at("mask.png")]);
    let hole = at("test/hole/000.png");
    assert_eq!(verdict(&at("whole.safetensors"), &hole)["defective"], true);
    assert_eq!(verdict(&at("part.safetensors"), &hole)["defective"], false);
    assert_eq!(verdict(&at("part.safetensors"), &at("test/good/000.png"))["defective"], false);
}

#[test]
fn a_category_of_12_bits_is_read_with_its_range_and_tells_of_8_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::create_dir(at("good")).expect("a folder");
    let deep = |number: u32| {
        let photo = cloth(number, false);
        image::ImageBuffer::from_fn(96, 96, |x, y| {
            image::Rgb(photo.get_pixel(x, y).0.map(|value| u16::from(value) * 16))
        })
    };
    for number in 0..10 {
        image::DynamicImage::from(deep(number)).save(at(&format!("good/{number}.png"))).expect("saved");
    }
    let (data, out) = (at(""), at("m.safetensors"));
    let output = run(&[["train", "--data", &data, "--out", &out].as_slice(), &GAUSSIAN].concat());
    assert!(text(&output).contains("levels      0:4095"), "{}", text(&output));
    image::DynamicImage::from(deep(100)).save(at("deep.png")).expect("saved");
    cloth(100, false).save(at("shallow.png")).expect("saved");
    let (fitting, other) = (verdict(&out, &at("deep.png")), verdict(&out, &at("shallow.png")));
    assert_eq!(fitting["notes"].as_array().map(Vec::len), Some(0), "{fitting}");
    assert!(other["notes"][0].as_str().is_some_and(|note| note.contains("8 bits")), "{other}");
}

/// Photos of one group are alike, so the false positive rate rests on the number of held-out groups.
#[test]
fn a_single_member_promises_what_its_held_out_groups_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = folder.path().join("good");
    std::fs::create_dir(&good).expect("a folder");
    for number in 0..12 {
        // Two exposures of each group.
        cloth(40 * (number / 2), false).save(good.join(format!("{number:03}.png"))).expect("saved");
    }
    let (data, out) = (folder.path().to_string_lossy(), folder.path().join("m.safetensors"));
    let out = out.to_string_lossy();
    let kinds = ["--kinds", "scratch,spot", "--members", "1", "--steps", "20", "--device", "cpu"];
    let output = run(&[["train", "--data", &data, "--out", &out].as_slice(), &kinds].concat());
    assert!(text(&output).contains("photos      8 to train, 4 held out"), "{}", text(&output));
    assert!(text(&output).contains("false-positive rate 33.3 % from 4 good photos"), "{}", text(&output));
    let output = run(&["info", &out]);
    assert!(text(&output).contains("kinds scratch,spot"), "{}", text(&output));
}

/// In a folder without splits, some training photos become test photos when defective ones are added.
#[test]
fn photos_that_were_trained_on_do_not_pass_for_new_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    for kind in ["good", "hole"] {
        std::fs::create_dir(at(kind)).expect("a folder");
    }
    for number in 0..6 {
        cloth(number, false).save(at(&format!("good/{number}.png"))).expect("saved");
    }
    let (data, model) = (at(""), at("m.safetensors"));
    assert!(run(&["train", "--data", &data, "--out", &model, "--method", "gaussian"]).status.success());
    cloth(9, true).save(at("hole/0.png")).expect("saved");
    let evaluate = || {
        let output = run(&["eval", "--model", &model, "--data", &data, "--report", &at("report.html")]);
        assert!(output.status.success(), "{}", text(&output));
        (text(&output), std::fs::read_to_string(at("report.html")).expect("written"))
    };
    let (said, report) = evaluate();
    assert!(said.contains("the model was trained on 2 of the 3 test photos, such as"), "{said}");
    let sentence = "The model was trained on 2 of the test photos: it is not as good as these figures.";
    assert!(report.contains(sentence), "{report}");
    assert!(run(&["train", "--data", &data, "--out", &model, "--method", "gaussian"]).status.success());
    let (said, report) = evaluate();
    assert!(!said.contains("trained on") && !report.contains("was trained on"), "{said}");
}

/// Members can be trained on different numbers of photos, even on fewer photos than the clusters asked for.
#[test]
fn a_model_of_very_few_photos_can_be_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::create_dir(at("good")).expect("a folder");
    // Two exposures of the first group.
    for (number, piece) in [0, 0, 40, 80].into_iter().enumerate() {
        cloth(piece, false).save(at(&format!("good/{number}.png"))).expect("saved");
    }
    let (data, model) = (at(""), at("m.safetensors"));
    let few = ["--clusters", "4", "--steps", "2", "--defects-per-image", "1", "--device", "cpu"];
    let output = run(&[["train", "--data", &data, "--out", &model].as_slice(), &few].concat());
    assert!(output.status.success(), "{}", text(&output));
    let trained_on = ["photos      2 to train", "photos      3 to train"];
    assert!(trained_on.iter().all(|count| text(&output).contains(count)), "{}", text(&output));
    let output = run(&["predict", "--model", &model, &at("good/0.png")]);
    assert!(output.status.success(), "{}", text(&output));
}

/// `compare`, which keeps features, gives the same figures as `train` and `eval` on photos.
#[test]
fn compare_measures_what_train_and_eval_measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    data_set(folder.path());
    let data = at("");
    // The second setting shares the members of the first.
    let ways = [
        "--steps 20 --members 2 --defects-per-image 2",
        "--steps 20 --members 2 --defects-per-image 2 --aggregation top --clusters 2 --density-weight 0",
        "--method gaussian",
    ];
    let fixed = ["compare", "--data", &data, "--seeds", "1", "--device", "cpu"];
    let json = at("runs.jsonl");
    let output = run(&[&fixed[..], &["--json", &json], &ways.map(|way| ["--with", way]).concat()].concat());
    assert!(output.status.success(), "{}", text(&output));
    assert!(ways.iter().all(|way| text(&output).contains(way)), "{}", text(&output));
    assert_eq!(text(&output).matches("kept ").count(), 2, "{}", text(&output));

    let lines = std::fs::read_to_string(&json).expect("written");
    let runs: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(runs.len(), ways.len());
    let scores = |figures: &serde_json::Value| -> Vec<f64> {
        let photos = figures["scores"].as_array().expect("scores");
        photos.iter().map(|photo| photo["score"].as_f64().expect("a number")).collect()
    };
    for way in ways {
        let (model, report) = (at("model.safetensors"), at("eval.json"));
        let fixed = ["train", "--data", &data, "--out", &model, "--device", "cpu"];
        let words: Vec<&str> = fixed.into_iter().chain(way.split(' ')).collect();
        assert!(run(&words).status.success());
        assert!(run(&["eval", "--model", &model, "--data", &data, "--json", &report]).status.success());
        let report: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&report).expect("written")).expect("JSON");
        let run = runs.iter().find(|run| run["settings"] == way).expect("a line of each way");
        assert_eq!(run["figures"]["threshold"], report["threshold"]);
        assert_eq!(scores(&run["figures"]).len(), scores(&report).len());
        for (ours, theirs) in scores(&run["figures"]).iter().zip(scores(&report)) {
            // `compare` keeps features in half precision.
            assert!((ours - theirs).abs() < 5e-3 * theirs.max(1.0), "{way}: {ours} {theirs}");
        }
    }
}

/// Starts the program and interrupts it when a checkpoint is in `folder`.
#[cfg(unix)]
fn interrupted(arguments: &[&str], folder: &Path) {
    let running = Command::new(env!("CARGO_BIN_EXE_native-train"))
        .args(arguments)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    let begun = || {
        std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|e| e.path().join("module.bpk").exists()))
    };
    while !begun() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let id = running.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill is there").success());
    let stopped = running.wait_with_output().expect("ends");
    assert!(!stopped.status.success() && text(&stopped).contains("--resume"), "{}", text(&stopped));
}

/// An interrupted run saves its state, and the resumed run writes the same file, byte for byte.
#[cfg(unix)]
#[test]
fn an_interrupted_training_goes_on_to_the_same_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    data_set(folder.path());
    let (data, whole, parts) = (at(""), at("whole"), at("parts"));
    let arguments = |out| {
        let fixed = "train --steps 40 --members 2 --defects-per-image 2 --device cpu";
        fixed.split(' ').chain(["--data", &data, "--out", out]).collect::<Vec<_>>()
    };
    let output = run(&arguments(&whole));
    assert!(output.status.success(), "{}", text(&output));

    let mut arguments = arguments(&parts);
    // The run stops in the second member, so that a finished member is resumed too.
    interrupted(&arguments, &Path::new(&at("parts.checkpoint")).join("member-1"));
    assert!(!Path::new(&parts).exists());

    arguments.push("--resume");
    let resumed = run(&arguments);
    assert!(resumed.status.success() && text(&resumed).contains("resumed"), "{}", text(&resumed));
    let bytes = |name: &str| std::fs::read(name).expect("written");
    assert!(bytes(&whole) == bytes(&parts), "the two models differ");
    assert!(!Path::new(&at("parts.checkpoint")).exists());
}

/// A resumed run on several folders leaves finished models as they are.
#[cfg(unix)]
#[test]
fn a_resumed_run_trains_no_category_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (linen, silk, models) = (at("linen"), at("silk"), at("models"));
    data_set(Path::new(&linen));
    data_set(Path::new(&silk));
    let fixed = "train --steps 40 --members 1 --defects-per-image 2 --device cpu";
    let mut arguments: Vec<&str> = fixed.split(' ').chain(["--data", &linen, &silk, "--out", &models]).collect();
    interrupted(&arguments, &Path::new(&models).join("silk.safetensors.checkpoint").join("member-0"));
    let written = || std::fs::metadata(Path::new(&models).join("linen.safetensors")).and_then(|of| of.modified());
    let first = written().expect("the first is written");

    arguments.push("--resume");
    let resumed = run(&arguments);
    assert!(resumed.status.success() && text(&resumed).contains("before this run was stopped"), "{}", text(&resumed));
    assert_eq!(written().expect("still there"), first);
    let mut left: Vec<_> =
        std::fs::read_dir(&models).expect("there").flatten().map(|entry| entry.file_name()).collect();
    left.sort();
    assert_eq!(left, ["linen.safetensors", "silk.safetensors"]);

    // Without checkpoints everything is trained again.
    let again = run(&arguments);
    assert!(again.status.success() && !text(&again).contains("before this run was stopped"), "{}", text(&again));
}

/// Writes two JPEG files that were cut short.
fn break_photos(folder: &Path) {
    let mut jpeg = std::io::Cursor::new(Vec::new());
    cloth(1, false).write_to(&mut jpeg, image::ImageFormat::Jpeg).expect("encoded");
    let jpeg = jpeg.into_inner();
    for name in ["broken-1.jpg", "broken-2.jpg"] {
        std::fs::write(folder.join(name), &jpeg[..jpeg.len() / 2]).expect("written");
    }
}

/// A likely mistake gives a warning with advice. An error lists every case.
#[test]
fn a_look_at_a_messy_folder_names_every_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    data_set(folder.path());
    let touch = |name: &str| std::fs::write(at(name), b"\0").expect("written");
    for folder in ["train/good/monday", "train/bad", "groundtruth/hole"] {
        std::fs::create_dir_all(at(folder)).expect("a folder");
    }
    ["train/good/1.heic", "train/good/2.HEIC", "train/good/._000.png", "Thumbs.db", "notes.txt"]
        .iter()
        .for_each(|name| touch(name));
    cloth(300, false).save(at("train/good/monday/1.png")).expect("saved");
    cloth(301, true).save(at("train/bad/1.png")).expect("saved");
    image::DynamicImage::from(cloth(302, false)).into_luma16().save(at("train/good/deep.png")).expect("saved");
    cloth(303, false).save(at("groundtruth/hole/000_mask.png")).expect("saved");
    std::fs::copy(at("train/good/004.png"), at("test/good/copy.png")).expect("copied");
    let output = run(&["data", &at(""), "--json", &at("look.json")]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for words in [
        "MVTec AD (train/good",
        ".heic images: 2 passed over (train/good/1.heic, train/good/2.HEIC). This format is not supported: save them as PNG",
        "defective photos in the train split: 1 passed over (train/bad/1.png). Training uses good photos only",
        "photos in subfolders: 1 used (1 in train/good/monday)",
        "no masks for 4 defective photos; `groundtruth` looks like a mask folder: rename it to ground_truth",
        "photos in grey and in colour: 1 and 20",
        "1 of 16-bit, 20 of 8-bit",
        "photos that are in several splits or kinds: 1 (train/good/004.png = test/good/copy.png)",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(at("look.json")).expect("written")).expect("JSON");
    assert_eq!(json["photos"][0]["photos"], 12);
    assert_eq!(json["subfolders"]["train/good/monday"], 1);
    let side = json["passed_over"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|of| of["reason"].as_str().is_some_and(|reason| reason.contains("side files")));
    assert_eq!(side.expect("listed")["files"], serde_json::json!(["Thumbs.db", "train/good/._000.png"]));
    assert_eq!(json["errors"], serde_json::json!([]));

    // Masks of another size and unreadable photos are errors.
    std::fs::create_dir_all(at("ground_truth/hole")).expect("a folder");
    for (number, size) in [(0, (96, 96)), (1, (96, 90)), (2, (48, 48))] {
        let mask = image::GrayImage::from_pixel(size.0, size.1, image::Luma([255]));
        mask.save(at(&format!("ground_truth/hole/00{number}.png"))).expect("saved");
    }
    break_photos(Path::new(&at("train/good")));
    let output = run(&["data", &at(""), "--json", &at("look.json")]);
    let said = text(&output);
    assert!(!output.status.success(), "{said}");
    for words in [
        "masks that mark most of their photos: 3",
        "use --invert-masks",
        "masks of another size than their photos: 2",
        "96 x 90",
        "48 x 48",
        "broken-1.jpg",
        "broken-2.jpg",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // With inverted masks nothing is marked.
    assert!(
        text(&run(&["data", &at(""), "--invert-masks"])).contains("masks of defective photos that mark nothing: 3")
    );
}

/// A training reports all broken files at once, before it computes anything.
#[test]
fn unreadable_photos_are_all_listed_or_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    data_set(folder.path());
    let (data, model) = (at(""), at("m.safetensors"));
    break_photos(Path::new(&at("train/good")));
    let train = ["train", "--data", &data, "--out", &model, "--method", "gaussian", "--device", "cpu"];
    let output = run(&train);
    let said = text(&output);
    assert!(!output.status.success() && !Path::new(&model).exists(), "{said}");
    assert!(["broken-1.jpg", "broken-2.jpg", "--skip-unreadable"].iter().all(|words| said.contains(words)), "{said}");
    assert!(!said.contains("device"), "nothing is begun: {said}");
    let output = run(&[&train[..], &["--skip-unreadable"]].concat());
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("photos or masks that cannot be read: 2 left out"), "{}", text(&output));

    // An evaluation does not need the training photos.
    let evaluate = ["eval", "--model", &model, "--data", &data, "--json", &at("eval.json"), "--device", "cpu"];
    let output = run(&evaluate);
    assert!(output.status.success() && text(&output).contains("2 not needed here"), "{}", text(&output));
    break_photos(Path::new(&at("test/hole")));
    let output = run(&evaluate);
    let said = text(&output);
    assert!(
        !output.status.success() && said.contains("test/hole/broken-1.jpg") && said.contains("broken-2.jpg"),
        "{said}"
    );
    let output = run(&[&evaluate[..], &["--skip-unreadable"]].concat());
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("photos that cannot be read and are left out: 2"), "{}", text(&output));
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(at("eval.json")).expect("written")).expect("JSON");
    assert_eq!(report["unreadable"], serde_json::json!(["test/hole/broken-1.jpg", "test/hole/broken-2.jpg"]));
    assert_eq!(report["images"], 8);
}

/// A table gives photos in any folders for training and evaluation.
#[test]
fn a_table_stands_for_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let mut rows = String::from("path,split,label,mask\n");
    for number in 0..12 {
        let (split, hole) = if number < 6 { ("train", false) } else { ("test", number > 8) };
        cloth(number, hole).save(at(&format!("{number}.png"))).expect("saved");
        rows.push_str(&format!("{number}.png,{split},{},\n", if hole { "hole" } else { "good" }));
    }
    std::fs::write(at("cloth.csv"), rows).expect("written");
    let (data, model) = (at("cloth.csv"), at("m.safetensors"));
    let output = run(&["train", "--data", &data, "--out", &model, "--method", "gaussian", "--device", "cpu"]);
    assert!(output.status.success(), "{}", text(&output));
    let output = run(&["eval", "--model", &model, "--data", &data, "--json", &at("eval.json"), "--device", "cpu"]);
    assert!(output.status.success() && text(&output).contains("CSV table"), "{}", text(&output));
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(at("eval.json")).expect("written")).expect("JSON");
    assert_eq!((&report["scores"][3]["photo"], &report["scores"][3]["kind"]), (&"9.png".into(), &"hole".into()));
}

#[test]
fn mistakes_get_a_sentence_that_names_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(at("notes.txt"), "not a model").expect("written");
    data_set(folder.path());
    for (arguments, words) in [
        (vec!["train", "--data", &at("nowhere"), "--out", &at("x")], "no photos of good samples"),
        (vec!["predict", "--model", &at("absent"), "a.png"], "absent: cannot be read"),
        (vec!["predict", "--model", &at("notes.txt"), "a.png"], "notes.txt: this is not a whole safetensors file"),
        (vec!["info", &at("notes.txt")], "notes.txt: this is not a whole safetensors file"),
        // The path is checked before the training.
        (vec!["train", "--data", &at(""), "--out", &at("models/")], "it is a folder"),
        (vec!["train", "--data", &at(""), "--out", &at("x"), "--method", "gaussian", "--steps", "9"], "is not trained"),
    ] {
        let output = run(&arguments);
        assert!(!output.status.success());
        assert!(text(&output).contains(words), "{arguments:?}: {}", text(&output));
        assert!(!text(&output).contains("panicked"), "{}", text(&output));
    }
    assert!(!Path::new(&at("x")).exists());
}
