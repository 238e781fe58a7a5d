//! Tests on data sets as they are distributed, and as users arrange them.

use image::{GrayImage, Luma, Rgb, RgbImage};

use super::*;

/// Temporary folder whose files are named by their paths below it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn made(&self, path: &str) -> PathBuf {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn touch(&self, paths: &[&str]) {
        paths.iter().for_each(|path| std::fs::write(self.made(path), []).unwrap());
    }

    fn photo(&self, path: &str) {
        RgbImage::from_pixel(40, 40, Rgb([90, 80, 70])).save(self.made(path)).unwrap();
    }

    /// Writes a mask that marks a square, or nothing.
    fn mask(&self, path: &str, marks: bool) {
        let value = |x, y| if marks && x > 30 && y > 30 { 255 } else { 0 };
        GrayImage::from_fn(40, 40, |x, y| Luma([value(x, y)])).save(self.made(path)).unwrap();
    }

    fn open(&self, path: &str) -> Dataset {
        Dataset::open(&self.at(path), Marks::NonZero).unwrap()
    }

    fn error(&self, path: &str) -> String {
        Dataset::open(&self.at(path), Marks::NonZero).unwrap_err().to_string()
    }
}

fn train(set: &Dataset) -> Vec<String> {
    set.train.iter().map(|path| set.name_of(path)).collect()
}

/// Each test photo with its kind and its masks, as text.
fn test(set: &Dataset) -> Vec<String> {
    let line = |sample: &Sample| {
        let masks: Vec<String> = sample.masks.iter().map(|mask| set.name_of(mask)).collect();
        let kind = sample.defect.as_deref().unwrap_or("-");
        format!("{} {kind} {}", set.name_of(&sample.photo), masks.join(" ")).trim_end().to_owned()
    };
    set.test.iter().map(line).collect()
}

fn passed_over(set: &Dataset) -> Vec<(String, Reason)> {
    set.passed_over.iter().map(|file| (set.name_of(&file.path), file.reason.clone())).collect()
}

/// Writes eight good training photos, three good test photos and three test photos with a hole.
fn standard(folder: &Folder, root: &str, good: &str) {
    for (kind, count) in [(format!("train/{good}"), 8), (format!("test/{good}"), 3), ("test/hole".into(), 3)] {
        (0..count).for_each(|number| folder.photo(&format!("{root}/{kind}/{number}.jpg")));
    }
}

#[test]
fn mvtec_ad_says_what_to_learn_from() {
    let folder = Folder::new();
    folder.touch(&["train/good/2.png", "train/good/1.JPG", "train/good/notes.txt", "test/good/3.png"]);
    folder.touch(&[
        "test/hole/4.png",
        "ground_truth/hole/4_mask.png",
        "test/scratch/5.png",
        "ground_truth/scratch/5.BMP",
    ]);
    let set = folder.open("");
    assert_eq!(set.layout, Layout::MvtecAd);
    assert_eq!(train(&set), ["train/good/1.JPG", "train/good/2.png"]);
    let expected = [
        "test/good/3.png -",
        "test/hole/4.png hole ground_truth/hole/4_mask.png",
        "test/scratch/5.png scratch ground_truth/scratch/5.BMP",
    ];
    assert_eq!(test(&set), expected);
    assert_eq!(passed_over(&set), [("train/good/notes.txt".into(), Reason::NoImage)]);

    // Without a training split there are only test photos.
    std::fs::remove_dir_all(folder.at("train")).unwrap();
    let alone = folder.open("");
    assert_eq!((alone.train.len(), test(&alone)), (0, test(&set)));
}

#[test]
fn mvtec_ad_2_evaluates_what_has_a_truth() {
    let folder = Folder::new();
    folder.touch(&["train/good/000_regular.png", "validation/good/000_regular.png", "test_private/000_regular.png"]);
    folder.touch(&["test_public/good/000_regular.png", "test_public/bad/000_underexposed.png"]);
    folder.touch(&["test_public/ground_truth/bad/000_underexposed_mask.png", "test_private_mixed/000_mixed.png"]);
    let set = folder.open("");
    assert_eq!(set.layout, Layout::MvtecAd2);
    assert_eq!(train(&set), ["train/good/000_regular.png", "validation/good/000_regular.png"]);
    let bad = "test_public/bad/000_underexposed.png bad test_public/ground_truth/bad/000_underexposed_mask.png";
    assert_eq!(test(&set), [bad, "test_public/good/000_regular.png -"]);
    let hidden = |path: &str| (path.to_owned(), Reason::NoTruth);
    assert_eq!(passed_over(&set), [hidden("test_private/000_regular.png"), hidden("test_private_mixed/000_mixed.png")]);
}

#[test]
fn visa_is_read_as_it_is_distributed_and_once_it_is_split() {
    let folder = Folder::new();
    for number in 0..10 {
        folder.touch(&[&format!("candle/Data/Images/Normal/{number:04}.JPG")]);
    }
    folder.touch(&["candle/Data/Images/Anomaly/000.JPG", "candle/Data/Masks/Anomaly/000.png", "candle/image_anno.csv"]);
    let set = folder.open("candle");
    assert_eq!((set.layout, set.train.len()), (Layout::Visa, 7));
    let expected = ["Data/Images/Anomaly/000.JPG Anomaly Data/Masks/Anomaly/000.png", "Data/Images/Normal/0007.JPG -"];
    assert_eq!(test(&set)[..2], expected);
    assert_eq!(passed_over(&set), [("image_anno.csv".into(), Reason::NoImage)]);
    assert_eq!(folder.open("candle/Data").train.len(), 7);

    folder.touch(&["split/train/good/0.JPG", "split/test/good/1.JPG", "split/test/bad/0.JPG"]);
    folder.touch(&["split/ground_truth/bad/0.png"]);
    assert_eq!(test(&folder.open("split"))[0], "test/bad/0.JPG bad ground_truth/bad/0.png");
}

#[test]
fn btad_calls_them_ok_and_ko() {
    let folder = Folder::new();
    folder.touch(&["train/ok/0000.bmp", "test/ok/0000.bmp", "test/ko/0000.bmp", "ground_truth/ko/0000.png"]);
    let set = folder.open("");
    assert_eq!((set.layout, train(&set)), (Layout::Btad, vec!["train/ok/0000.bmp".into()]));
    assert_eq!(test(&set), ["test/ko/0000.bmp ko ground_truth/ko/0000.png", "test/ok/0000.bmp -"]);
}

/// A part is good when its mask is blank.
#[test]
fn kolektor_sdd_tells_good_parts_by_blank_masks() {
    let folder = Folder::new();
    for (item, part, marks) in [("kos01", 0, false), ("kos01", 1, true), ("kos02", 0, false), ("kos02", 1, false)] {
        folder.photo(&format!("{item}/Part{part}.jpg"));
        folder.mask(&format!("{item}/Part{part}_label.bmp"), marks);
    }
    let set = folder.open("");
    assert_eq!(
        (set.layout, train(&set)),
        (Layout::MasksBeside, vec!["kos01/Part0.jpg".into(), "kos02/Part0.jpg".into()])
    );
    let expected = ["kos01/Part1.jpg defect kos01/Part1_label.bmp", "kos02/Part1.jpg - kos02/Part1_label.bmp"];
    let mut found = test(&set);
    found.sort();
    assert_eq!(found, expected);

    std::fs::write(folder.at("kos02/Part0_label.bmp"), b"no mask").unwrap();
    std::fs::write(folder.at("kos02/Part1_label.bmp"), b"no mask").unwrap();
    let error = folder.error("");
    assert!(["2 masks", "Part0_label.bmp", "Part1_label.bmp"].iter().all(|words| error.contains(words)), "{error}");
}

#[test]
fn kolektor_sdd_2_keeps_defective_photos_from_training() {
    let folder = Folder::new();
    for (name, marks) in [("train/10000", false), ("train/10001", true), ("test/20000", false), ("test/20001", true)] {
        folder.photo(&format!("{name}.png"));
        folder.mask(&format!("{name}_GT.png"), marks);
    }
    folder.photo("train/10002.png");
    let set = folder.open("");
    assert_eq!(train(&set), ["train/10000.png", "train/10002.png"]);
    assert_eq!(test(&set), ["test/20000.png - test/20000_GT.png", "test/20001.png defect test/20001_GT.png"]);
    assert_eq!(passed_over(&set), [("train/10001.png".into(), Reason::DefectiveInTrain)]);
    assert_eq!(set.unlabelled, [folder.at("train/10002.png")]);
}

#[test]
fn autovi_and_loco_have_a_folder_of_masks_a_photo() {
    let folder = Folder::new();
    folder.touch(&["train/good/000.png", "validation/good/000.png", "test/good/000.png"]);
    folder.touch(&["test/logical_anomalies/000.png", "test/logical_anomalies/001.png"]);
    for mask in ["000/000.png", "000/001.png", "001/0000.png"] {
        folder.touch(&[&format!("ground_truth/logical_anomalies/{mask}")]);
    }
    let set = folder.open("");
    assert_eq!((set.layout, set.train.len()), (Layout::MaskFolders, 2));
    let masks = |index: usize| set.test[index].masks.len();
    assert_eq!((masks(0), masks(1), masks(2)), (0, 2, 1));
    assert!(set.passed_over.is_empty());
}

#[test]
fn plain_folders_keep_good_photos_apart_to_evaluate() {
    let folder = Folder::new();
    for number in 0..9 {
        folder.touch(&[&format!("cloth/good/{number}.png")]);
    }
    let only_good = folder.open("cloth");
    assert_eq!((only_good.train.len(), only_good.test.len()), (9, 0));

    std::fs::create_dir(folder.at("cloth/empty")).unwrap();
    assert_eq!(folder.open("cloth").train.len(), 9);

    // The folders of a re-upload of TILDA; "objects" sorts after "good", "hole" before "oil spot".
    for kind in ["hole", "objects", "oil spot", "thread error"] {
        folder.touch(&[&format!("cloth/{kind}/x.jpg")]);
    }
    let plain = folder.open("cloth");
    assert_eq!((plain.name.as_str(), plain.layout), ("cloth", Layout::Plain));
    assert_eq!(train(&plain), [0, 1, 2, 3, 4, 5].map(|number| format!("good/{number}.png")));
    let expected = [
        "good/6.png -",
        "good/7.png -",
        "good/8.png -",
        "hole/x.jpg hole",
        "objects/x.jpg objects",
        "oil spot/x.jpg oil spot",
        "thread error/x.jpg thread error",
    ];
    assert_eq!(test(&plain), expected);

    folder.touch(&["cloth/ground_truth/hole/x_mask.png"]);
    assert_eq!(test(&folder.open("cloth"))[3], "hole/x.jpg hole ground_truth/hole/x_mask.png");
}

#[test]
fn tilda_is_read_as_it_is_distributed() {
    let folder = Folder::new();
    for number in 1..=10 {
        folder.touch(&[&format!("c1r1/e0/c1r1e0n{number}.tif"), &format!("c1r1/e0/c1r1e0n{number}.txt")]);
    }
    folder.touch(&["c1r1/E1/c1r1e1n1.TIFF", "c1r1/e7/c1r1e7n1.png", "c1r1/notes/page.jpg"]);
    let tilda = folder.open("c1r1");
    assert_eq!((tilda.name.as_str(), tilda.layout), ("c1r1", Layout::Tilda));
    assert_eq!(train(&tilda), [1, 10, 2, 3, 4, 5, 6].map(|number| format!("e0/c1r1e0n{number}.tif")));
    let defective =
        ["E1/c1r1e1n1.TIFF E1", "e0/c1r1e0n7.tif -", "e0/c1r1e0n8.tif -", "e0/c1r1e0n9.tif -", "e7/c1r1e7n1.png e7"];
    assert_eq!(test(&tilda), defective);
    let reasons = passed_over(&tilda);
    assert_eq!(reasons.len(), 11);
    assert!(reasons.contains(&("notes/page.jpg".into(), Reason::OutOfPlace)));
    // The folder above holds data sets, but is none.
    let error = folder.error("");
    assert!(error.contains("several data sets (c1r1)"), "{error}");
}

#[test]
fn a_folder_without_photos_is_no_data_set() {
    let folder = Folder::new();
    let text = folder.error("");
    assert!(["train/good", "/good", "e0 to e7", "CSV"].iter().all(|layout| text.contains(layout)), "{text}");
    assert!(folder.error("absent").contains("there is no such file or folder"));
    folder.touch(&["cloth/a.png", "cloth/b.png"]);
    assert!(folder.error("cloth").contains("2 images lie directly in it"));
    assert!(folder.error("").contains("of its folders `cloth` none is called good"));
}

#[test]
fn photos_that_cannot_be_trained_on_are_reported() {
    let folder = Folder::new();
    folder.touch(&["train/OK/0.png", "train/NG/1.png", "test/ok/0.png", "test/ng/0.png", "cover.jpg", "clip.mp4"]);
    let set = folder.open("");
    assert_eq!((set.train.len(), set.test.len()), (1, 2));
    let expected = [
        ("clip.mp4".into(), Reason::Video("mp4".into())),
        ("cover.jpg".into(), Reason::OutOfPlace),
        ("train/NG/1.png".into(), Reason::DefectiveInTrain),
    ];
    assert_eq!(passed_over(&set), expected);
}

#[test]
fn ok_and_ng_are_good_and_a_kind_of_defect() {
    for (good, bad) in [("OK", "NG"), ("normal", "Abnormal"), ("Pass", "FAIL"), ("ok", "nok")] {
        let folder = Folder::new();
        (0..11).for_each(|number| folder.touch(&[&format!("{good}/{number}.jpg")]));
        (0..3).for_each(|number| folder.touch(&[&format!("{bad}/{number}.jpg")]));
        let set = folder.open("");
        let good = set.train.len() + set.test.iter().filter(|sample| sample.defect.is_none()).count();
        assert_eq!(good, 11);
        assert_eq!(set.test.iter().filter(|sample| sample.defect.as_deref() == Some(bad)).count(), 3);
    }
}

#[test]
fn case_of_folders_does_not_count() {
    let folder = Folder::new();
    standard(&folder, "set", "Good");
    assert_eq!((folder.open("set").train.len(), folder.open("set").test.len()), (8, 6));
    folder.touch(&["other/Train/GOOD/0.png", "other/Test/Hole/0.png", "other/Ground_Truth/HOLE/0_MASK.PNG"]);
    assert_eq!(test(&folder.open("other")), ["Test/Hole/0.png Hole Ground_Truth/HOLE/0_MASK.PNG"]);
}

#[test]
fn masks_are_found_by_the_usual_names() {
    for name in ["{}_mask.png", "{}_GT.png", "{}_label.png", "{}_seg.tif", "{}.PNG", "{}/0000.png"] {
        let folder = Folder::new();
        standard(&folder, "set", "good");
        (0..3).for_each(|number| {
            folder.mask(
                &format!("set/ground_truth/hole/{}", name.replace("{}", &number.to_string()).to_lowercase()),
                true,
            );
        });
        let set = folder.open("set");
        assert_eq!(set.test.iter().filter(|sample| sample.masks.len() == 1).count(), 3, "{name}");
        assert!(set.passed_over.is_empty());
    }
}

#[test]
fn masks_lie_beside_photos_or_in_one_folder_for_all_kinds() {
    let folder = Folder::new();
    folder.touch(&["a/good/0.png", "a/hole/0.png", "a/hole/0_mask.png"]);
    assert_eq!(test(&folder.open("a")), ["hole/0.png hole hole/0_mask.png"]);
    folder.touch(&["b/good/0.png", "b/hole/0.png", "b/hole/2.png", "b/cut/0.png"]);
    folder.touch(&["b/ground_truth/0_mask.png", "b/ground_truth/2_mask.png"]);
    let set = folder.open("b");
    // Two photos are called 0, so the mask `0_mask.png` fits neither for sure.
    assert_eq!(test(&set), ["cut/0.png cut", "hole/0.png hole", "hole/2.png hole ground_truth/2_mask.png"]);
    assert_eq!(passed_over(&set), [("ground_truth/0_mask.png".into(), Reason::LoneMask)]);
}

#[test]
fn a_misspelt_mask_folder_is_noticed() {
    let folder = Folder::new();
    standard(&folder, "set", "good");
    (0..3).for_each(|number| folder.mask(&format!("set/groundtruth/hole/{number}_mask.png"), true));
    let set = folder.open("set");
    assert!(set.test.iter().all(|sample| sample.masks.is_empty()));
    assert_eq!(set.mask_like, [folder.at("set/groundtruth")]);
    // A folder that looks like a mask folder is not a kind of defect either.
    folder.touch(&["plain/good/0.png", "plain/hole/0.png", "plain/Masks/0.png"]);
    assert_eq!(test(&folder.open("plain")), ["hole/0.png hole"]);
    assert_eq!(folder.open("plain").mask_like, [folder.at("plain/Masks")]);
}

#[test]
fn other_formats_and_side_files_are_passed_over_with_a_reason() {
    let folder = Folder::new();
    standard(&folder, "set", "good");
    folder.touch(&["set/train/good/0.heic", "set/train/good/1.AVIF", "set/train/good/._1.jpg"]);
    folder.touch(&["set/test/hole/Thumbs.db", "set/.DS_Store", "set/__MACOSX/train/good/1.jpg"]);
    let set = folder.open("set");
    assert_eq!(set.train.len(), 8);
    let reasons: Vec<Reason> = passed_over(&set).into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons.iter().filter(|reason| **reason == Reason::SideFile).count(), 4);
    assert!(
        reasons.contains(&Reason::OtherImage("heic".into())) && reasons.contains(&Reason::OtherImage("avif".into()))
    );
}

#[test]
fn photos_in_subfolders_are_used() {
    let folder = Folder::new();
    standard(&folder, "set", "good");
    (0..3).for_each(|number| folder.photo(&format!("set/train/good/monday/m{number}.jpg")));
    folder.photo("set/test/hole/left/9.jpg");
    folder.mask("set/ground_truth/hole/left/9_mask.png", true);
    let set = folder.open("set");
    assert_eq!((set.train.len(), set.nested.len()), (11, 4));
    assert!(test(&set).contains(&"test/hole/left/9.jpg hole ground_truth/hole/left/9_mask.png".into()));
    assert_eq!(set.layout, Layout::MvtecAd);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_broken_ones_reported() {
    let folder = Folder::new();
    folder.touch(&["store/0.png", "set/good/1.png"]);
    std::os::unix::fs::symlink(folder.at("store/0.png"), folder.at("set/good/0.png")).unwrap();
    std::os::unix::fs::symlink(folder.at("store/gone.png"), folder.at("set/good/2.png")).unwrap();
    let set = folder.open("set");
    assert_eq!(train(&set), ["good/0.png", "good/1.png"]);
    assert_eq!(passed_over(&set), [("good/2.png".into(), Reason::BrokenLink)]);
    std::os::unix::fs::symlink(folder.at("set"), folder.at("set/again")).unwrap();
    assert!(folder.error("set").contains("again"));
}

#[test]
fn a_table_describes_photos_in_any_folder() {
    let folder = Folder::new();
    folder.touch(&["photos/a.png", "photos/b.png", "photos/c.png", "photos/d.png", "marks/c.png"]);
    let rows = "\u{feff}Path;split;label;mask;line\nphotos/a.png;train;;;1\nphotos/b.png;test;Good;;1\n\
                photos\\c.png;test;hole;marks/c.png;1\nphotos/d.png;train;hole;;2\n";
    std::fs::write(folder.at("cloth.csv"), rows).unwrap();
    let set = folder.open("cloth.csv");
    assert_eq!((set.name.as_str(), set.layout), ("cloth", Layout::Table));
    assert_eq!(train(&set), ["photos/a.png"]);
    assert_eq!(test(&set), ["photos/b.png -", "photos/c.png hole marks/c.png"]);
    assert_eq!(passed_over(&set), [("photos/d.png".into(), Reason::DefectiveInTrain)]);
    assert_eq!(set.unused_columns, ["line"]);

    // A table without splits follows the rule for folders without splits. The columns have anomalib's names.
    let rows = "image_path,label_index\nphotos/a.png,0\nphotos/b.png,0\nphotos/c.png,0\nphotos/d.png,1\n";
    std::fs::write(folder.at("cloth.csv"), rows).unwrap();
    assert_eq!((train(&folder.open("cloth.csv")).len(), test(&folder.open("cloth.csv")).len()), (2, 2));
}

#[test]
fn all_mistakes_of_a_table_are_reported_at_once() {
    let folder = Folder::new();
    folder.touch(&["a.png", "b.png"]);
    let rows = "path,split,label,mask\na.png,trian,good,\na.png,train,good,\nb.png,test,,\ngone.png,test,good,gone_mask.png\na.png,train,good,\n";
    std::fs::write(folder.at("cloth.csv"), rows).unwrap();
    let error = folder.error("cloth.csv");
    let expected = ["5 mistakes", "line 2", "trian", "line 4", "label is empty", "line 5: gone.png is no file"];
    for words in expected.into_iter().chain(["gone_mask.png is no file", "line 6: a.png has a row already"]) {
        assert!(error.contains(words), "{words}: {error}");
    }
    std::fs::write(folder.at("cloth.csv"), "path,label\n\"a.png\",good\n\"b.png\",\"hole, deep\",x\n").unwrap();
    assert!(folder.error("cloth.csv").contains("line 3: 3 cells, but the header has 2"));
    std::fs::write(folder.at("cloth.csv"), "name,split\na.png,train\n").unwrap();
    assert!(folder.error("cloth.csv").contains("no column is called path"));
}
