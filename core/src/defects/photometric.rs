//! Photometric augmentations of 8-bit RGB images, in place.
//!
//! Solarization, posterization, autocontrast, equalization, sharpness and contrast equal those of Pillow's `ImageOps` and
//! `ImageEnhance` bit for bit. Hue and saturation are those of the HSV hexcone.

use image::RgbImage;

/// Gamma correction: each channel `c` becomes `255 (c / 255)^gamma`.
pub fn gamma_contrast(image: &mut RgbImage, gamma: [f32; 3]) {
    let table = |gamma: f32| lookup_table(|value| (255.0 * (value / 255.0).powf(gamma.into())).round());
    apply_tables(image, &gamma.map(table));
}

/// Luma (ITU-R BT.601) becomes `factor * luma + offset`, and chroma is unchanged. `offset` is on the scale of 0..=255.
///
/// At constant chroma (YCbCr) the same amount is added to the three channels.
pub fn brightness(image: &mut RgbImage, factor: f32, offset: f32) {
    for pixel in image.pixels_mut() {
        let [red, green, blue] = pixel.0.map(f32::from);
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        let change = (factor - 1.0) * luma + offset;
        pixel.0 = [red, green, blue].map(|channel| (channel + change).round() as u8);
    }
}

/// Blend of the smoothed image (`factor` 0), the image (1) and beyond (2): `PIL.ImageEnhance.Sharpness`.
///
/// The smoothed image is the 3x3 mean in which the centre counts 5 times. The outermost pixels are unchanged.
pub fn sharpness(image: &mut RgbImage, factor: f32) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width < 3 || height < 3 {
        return;
    }
    let original = image.as_raw().clone();
    let stride = 3 * width;
    for y in 1..height - 1 {
        let line = |dy: usize| &original[(y + dy - 1) * stride..(y + dy) * stride];
        let (above, here, below) = (line(0), line(1), line(2));
        let columns: Vec<u32> =
            (0..stride).map(|i| u32::from(above[i]) + u32::from(here[i]) + u32::from(below[i])).collect();
        let inner = y * stride + 3..(y + 1) * stride - 3;
        for (i, value) in (3..).zip(&mut image.as_mut()[inner]) {
            let sum = columns[i - 3] + columns[i] + columns[i + 3] + 4 * u32::from(here[i]);
            // The mean is rounded to 8 bits before the blend, and the blend is truncated, as in Pillow.
            let smooth = ((2 * sum + 13) / 26) as f32;
            *value = (smooth + factor * (f32::from(here[i]) - smooth)) as u8;
        }
    }
}

/// Blend of the plain grey of mean luma (`factor` 0), the image (1) and beyond: `PIL.ImageEnhance.Contrast`.
pub fn contrast(image: &mut RgbImage, factor: f32) {
    let luma = |pixel: &image::Rgb<u8>| {
        let [red, green, blue] = pixel.0.map(u64::from);
        (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16
    };
    let pixels = u64::from(image.width()) * u64::from(image.height());
    let mean = image.pixels().map(luma).sum::<u64>() as f64 / pixels.max(1) as f64;
    let grey = (mean + 0.5).floor();
    // Pillow blends in single precision.
    apply_tables(image, &[lookup_table(|value| f64::from(grey as f32 + factor * (value - grey) as f32))]);
}

/// Adds `degrees` to the hue and `saturation` (on the scale of 0 to 1) to the saturation, which is limited to 0 and 1.
pub fn add_hue_and_saturation(image: &mut RgbImage, degrees: f32, saturation: f32) {
    map_hsv(image, |[h, s, v]| [h + degrees, s + saturation, v]);
}

/// Multiplies the hue, an angle in 0..360 degrees from red, by `factor`.
pub fn multiply_hue(image: &mut RgbImage, factor: f32) {
    map_hsv(image, |[h, s, v]| [h * factor, s, v]);
}

/// Multiplies the saturation by `factor`, limited to 1.
pub fn multiply_saturation(image: &mut RgbImage, factor: f32) {
    map_hsv(image, |[h, s, v]| [h, s * factor, v]);
}

/// Multiplies the value of HSV, and thus every channel, by `factor`, limited to 255.
pub fn multiply_value(image: &mut RgbImage, factor: f32) {
    apply_tables(image, &[lookup_table(|value| (value * f64::from(factor)).round())]);
}

/// Inverts every channel that is at least `threshold`: `PIL.ImageOps.solarize`.
pub fn solarize(image: &mut RgbImage, threshold: u8) {
    apply_tables(image, &[lookup_table(|value| if value < threshold.into() { value } else { 255.0 - value })]);
}

/// Keeps the upper `bits` bits of every channel: `PIL.ImageOps.posterize`. More than 8 change nothing.
pub fn posterize(image: &mut RgbImage, bits: u32) {
    let mask = 255 << 8_u32.saturating_sub(bits);
    image.as_mut().iter_mut().for_each(|value| *value &= mask as u8);
}

/// Stretches every channel to 0..=255, with `cutoff` percent of the values cut off at either end:
/// `PIL.ImageOps.autocontrast`. With 50 and above the image is unchanged.
pub fn autocontrast(image: &mut RgbImage, cutoff: u32) {
    let cut = u64::from(image.width()) * u64::from(image.height()) * u64::from(cutoff) / 100;
    let tables = histograms(image).map(|histogram| {
        match (first_beyond(&histogram, cut, 0..256), first_beyond(&histogram, cut, (0..256).rev())) {
            (Some(low), Some(high)) if low < high => {
                let scale = 255.0 / (high - low) as f64;
                let offset = -(low as f64) * scale;
                lookup_table(|value| value * scale + offset)
            }
            _ => lookup_table(|value| value),
        }
    });
    apply_tables(image, &tables);
}

/// First of `values` that remains when `cut` pixels are removed from the front.
fn first_beyond(histogram: &[u64; 256], cut: u64, mut values: impl Iterator<Item = usize>) -> Option<usize> {
    let mut seen = 0;
    values.find(|&value| {
        seen += histogram[value];
        seen > cut
    })
}

/// Maps every channel so that its values are spread evenly: `PIL.ImageOps.equalize`.
pub fn equalize(image: &mut RgbImage) {
    let tables = histograms(image).map(|histogram| {
        let total: u64 = histogram.iter().sum();
        let last = histogram.iter().rposition(|&count| count > 0).map_or(0, |value| histogram[value]);
        let step = (total - last) / 255;
        if step == 0 {
            return lookup_table(|value| value);
        }
        let mut below = step / 2;
        histogram.map(|count| {
            let value = (below / step).min(255) as u8;
            below += count;
            value
        })
    });
    apply_tables(image, &tables);
}

/// Number of pixels of each value, by channel.
fn histograms(image: &RgbImage) -> [[u64; 256]; 3] {
    let mut histograms = [[0; 256]; 3];
    for pixel in image.pixels() {
        for (histogram, value) in histograms.iter_mut().zip(pixel.0) {
            histogram[usize::from(value)] += 1;
        }
    }
    histograms
}

/// Table of `of` for every 8-bit value, truncated and limited to 8 bits.
fn lookup_table(of: impl Fn(f64) -> f64) -> [u8; 256] {
    std::array::from_fn(|value| of(value as f64) as u8)
}

/// Looks every value up in the table of its channel, or in the only table.
fn apply_tables(image: &mut RgbImage, tables: &[[u8; 256]]) {
    for pixel in image.pixels_mut() {
        for (value, table) in pixel.0.iter_mut().zip(tables.iter().cycle()) {
            *value = table[usize::from(*value)];
        }
    }
}

/// Applies `change` to every pixel in HSV. The new hue is taken modulo 360 degrees, and the new saturation and value are
/// limited to 0..=1.
fn map_hsv(image: &mut RgbImage, change: impl Fn([f32; 3]) -> [f32; 3]) {
    for pixel in image.pixels_mut() {
        let [hue, saturation, value] = change(to_hsv(pixel.0));
        pixel.0 = from_hsv([hue.rem_euclid(360.0), saturation.clamp(0.0, 1.0), value.clamp(0.0, 1.0)]);
    }
}

/// Converts RGB to hue in 0..360 degrees (0 for grey), and saturation and value in 0..=1.
fn to_hsv(rgb: [u8; 3]) -> [f32; 3] {
    let [red, green, blue] = rgb.map(f32::from);
    let value = red.max(green).max(blue);
    let chroma = value - red.min(green).min(blue);
    if chroma == 0.0 {
        return [0.0, 0.0, value / 255.0];
    }
    let sixth = if value == red {
        (green - blue) / chroma
    } else if value == green {
        (blue - red) / chroma + 2.0
    } else {
        (red - green) / chroma + 4.0
    };
    [(sixth * 60.0).rem_euclid(360.0), chroma / value, value / 255.0]
}

/// Inverse of [`to_hsv`].
fn from_hsv([hue, saturation, value]: [f32; 3]) -> [u8; 3] {
    [5.0, 3.0, 1.0].map(|shift| {
        let k = (shift + hue / 60.0) % 6.0;
        let channel = value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0);
        (255.0 * channel).round() as u8
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use image::Rgb;

    /// Test pattern of 48x48 pixels with skewed histograms that differ by channel, as in `tests/reference/photometric.py`.
    pub(crate) fn pattern() -> RgbImage {
        RgbImage::from_fn(48, 48, |x, y| {
            let value = |a: u32, b: u32, c: u32| (20 + ((a * x + b * y + c * x * y) % 256).pow(2) / 300) as u8;
            Rgb([value(37, 59, 11), value(5, 3, 1), value(1, 83, 7)])
        })
    }

    /// Upper left 8x8 pixels, row by row, in hexadecimal.
    fn corner(image: &RgbImage) -> Vec<String> {
        let row = |y| (0..8).flat_map(|x| image.get_pixel(x, y).0).map(|value| format!("{value:02x}")).collect();
        (0..8).map(row).collect()
    }

    /// Compares with Pillow, by the output of `tests/reference/photometric.py`.
    #[test]
    fn operations_are_those_of_pillow() {
        let check = |name: &str, operation: &dyn Fn(&mut RgbImage), expected: [&str; 8]| {
            let mut image = pattern();
            operation(&mut image);
            assert_eq!(corner(&image), expected, "{name}");
        };
        check(
            "solarize 100",
            &|i| solarize(i, 100),
            [
                "1414141814142614143d14145d1514791614471714141814",
                "1f142a3a142f9b143462153a1916401a17462f194d541a54",
                "42149083147e32156b19165734174199192a501b14151e14",
                "83141d2014142016184d171f651929141c372c1e489b225c",
                "32142720153857174f4619931b1b714b1e4958221b182615",
                "1914974d166d46183a1f1a14601e1b27222a2826438a2c9b",
                "3415286516161b1925601c40142098362565612b251c3217",
                "9915231417434b1a8c271e4c36231451292125303e773893",
            ],
        );
        check(
            "posterize 3",
            &|i| posterize(i, 3),
            [
                "000000000000200000200000400000800000a00000000000",
                "000020200020600020800020e00040000040200040400040",
                "400060600080c000800000a02000a06000c0a00000000000",
                "6000e0c00000200000400000800020000020200040602040",
                "c00020200020400040a000600000804000a0a020e0002000",
                "000060400080a000c0000000600000c02020202040602060",
                "2000c0800000000020600040e020602020808020c0002000",
                "600020000040400060c000a0202000a02020202020802060",
            ],
        );
        check(
            "invert",
            &|i| image::imageops::invert(i),
            [
                "ebebebe7ebebd9ebebc2ebeba2eaeb79e9eb47e8ebebe7eb",
                "e0ebd5c5ebd09bebcb62eac519e9bfe5e8b9d0e6b2abe5ab",
                "bdeb9083eb7e32ea6be6e957cbe84199e62a50e4ebeae1eb",
                "83eb1d20ebebdfe9e7b2e8e065e6d6ebe3c8d3e1b79bdda3",
                "32ebd8dfeac7a8e8b046e693e4e471b4e14958dd1be7d9ea",
                "e6eb97b2e96d46e73ae0e5eb9fe1e427ddd5d7d9bc8ad39b",
                "cbea2865e9e9e4e6da9fe3bf14df98c9da6561d425e3cde8",
                "99eadcebe8bcb4e58c27e14cc9dceb51d6dedacfc177c793",
            ],
        );
        check(
            "autocontrast 0",
            &|i| autocontrast(i, 0),
            [
                "000000040000150000300000560100860200c10300000400",
                "0c00192c001f5e0025a1012cf7023307033b1f05434b074b",
                "36006b7a0080da01970502ae2503c86005e3b60800010b00",
                "7a00f3ef00000e020443030c9e05180009291c0b3d5e1055",
                "da00160e012a4f0345c20567080890400bbfad10f5041501",
                "050063430294c204d00c0700590b08e71019171537721c5e",
                "2501e69e0202080514590933fd0e6128149ea21be9092303",
                "600111000337400770e70bbb281100b5180f142131882a67",
            ],
        );
        check(
            "autocontrast 13",
            &|i| autocontrast(i, 13),
            [
                "0000000000001600003a00006d0000af0000ff0000000100",
                "0b001e36002679002ed30038ff004103004b2403565f0461",
                "42008d9f00aaff00c80100e82c00ff7c03fff00600000b00",
                "9f00ffff00000c000154000ccf031c0008331f0b4e79116e",
                "ff00190c0034640059ff03880406be510bffe311ff001800",
                "0100815400c5ff01ff0b0400720b06ff111e19184694217b",
                "2c00ffcf0000040316720841ff0e802f16d2d520ff062b00",
                "7c0013000046510493ff0bfa2f1300ef1c1014283eb23488",
            ],
        );
        check(
            "equalize",
            &equalize,
            [
                "0000002000004500006a00008e1500b71a00df2100002700",
                "37006265006a930072c9157bfa1a8527218d562b9684309f",
                "7100beaf00d0ed15e1241aef5d21ff972bffd83400113f00",
                "af00fff60000391a267c2145c82b60003677523f909348a8",
                "ed005b39157989219adf2bba2c34dc7b3ffad348ff205514",
                "2400b67c1adedf27ff373000903f39f248624b5589a661b1",
                "5d15ffc81a1b2c2b55903685fe44b55f52e5cd61ff2e6d21",
                "9715510021897b30bff23ff75f4d00d75a4b436a83b877ba",
            ],
        );
        check(
            "sharpness 0.3",
            &|i| sharpness(i, 0.3),
            [
                "1414141814142614143d14145d1514861614b81714141814",
                "1f142a4114385e143e841545a5164d451749421945521a3f",
                "42146f73146d9f15714416804817916219987b1b30381e2a",
                "7c14e2ae1437451635551742761952361c5a3e1e565f2250",
                "cd142745154d5e174d8e195b3d1b6c541e8c8122a3352639",
                "19146855167b8e188d441a34681e3ba9225444265a622c61",
                "3415d776163d3d1941681c49b72057542576842b9b31323d",
                "66152336174c541a60a91e7f5423349229463e3053713868",
            ],
        );
        check(
            "sharpness 1.7",
            &|i| sharpness(i, 1.7),
            [
                "1414141814142614143d14145d1514861614b81714141814",
                "1f142a321425691429b5152eff16320017421b1954551a68",
                "42146f841494fa15b70016cf1f17ea6919ffe21b00001e00",
                "7c14e2ff1300001600441700bd1900001c14191e3a682267",
                "cd14270015234f1750e3197c001baf411ee0cc22ff002600",
                "1914684416a8e318fd001a00571e00ff22000c262b872c66",
                "3415d7bd1600001909571c36ff20761725bdb72bff063200",
                "661523001739411a85ff1ee6172300c929000b2f289e376f",
            ],
        );
        check(
            "contrast 0.9",
            &|i| contrast(i, 0.9),
            [
                "1b1b1b1e1b1b2b1b1b401b1b5c1c1b811c1bae1d1b1b1e1b",
                "251b2e3d1b33631b37961c3dd81c42201d48331f4e542054",
                "441b6d781b7dc11c8e1f1ca0371db4641fc8a6211b1c241b",
                "781bd4d11b1b251c1e4e1d25931f2e1b223a30244963275b",
                "c11b2c251c3b571d50af1f6a2121884c24ac9f27d61e2b1c",
                "1f1b664e1c8caf1eba25201b5f2421cb272e2d2b45723063",
                "371cca931c1c211f2a5f2242dc2565392a93972fcd22361d",
                "641c281b1d454c2070cb24aa39281ba52e262a3440833b6a",
            ],
        );
        check(
            "contrast 1.6",
            &|i| contrast(i, 1.6),
            [
                "0000000000000600002b00005e00009f0000ef0000000000",
                "00000c26001469001cc40026ff002f0000391400444f004f",
                "33007b8f0097ff00b60000d61c00f96c00ffe10000000000",
                "8f00ffff0000000000440000bf000b0000210f003c69005c",
                "ff0007000023540047f100760000ac4100ecd400ff000600",
                "00006f4400b3f100ff000000630000ff000c090634840f69",
                "1c00ffbf000000000463002fff006e1f04bfc60eff001900",
                "6c0001000034410081ff00e71f0100df0b0004162ca32376",
            ],
        );
    }

    #[test]
    fn hsv_and_back_is_exact() {
        for red in (0..=255).step_by(5) {
            for green in (0..=255).step_by(3) {
                for blue in 0..=255 {
                    assert_eq!(from_hsv(to_hsv([red, green, blue])), [red, green, blue]);
                }
            }
        }
        assert_eq!(to_hsv([255, 128, 0])[0].round(), 30.0);
        assert_eq!(from_hsv([240.0, 1.0, 1.0]), [0, 0, 255]);
    }

    #[test]
    fn colours_change_as_asked() {
        let changed = |rgb, change: &dyn Fn(&mut RgbImage)| {
            let mut image = RgbImage::from_pixel(1, 1, Rgb(rgb));
            change(&mut image);
            image.get_pixel(0, 0).0
        };
        assert_eq!(changed([0, 255, 0], &|i| multiply_hue(i, 0.5)), [255, 255, 0]);
        assert_eq!(changed([255, 0, 0], &|i| add_hue_and_saturation(i, -60.0, 0.0)), [255, 0, 255]);
        assert_eq!(changed([200, 100, 100], &|i| multiply_saturation(i, 0.5)), [200, 150, 150]);
        assert_eq!(changed([200, 100, 100], &|i| add_hue_and_saturation(i, 0.0, 2.0)), [200, 0, 0]);
        assert_eq!(changed([200, 100, 240], &|i| multiply_value(i, 1.2)), [240, 120, 255]);
        assert_eq!(changed([100, 100, 100], &|i| brightness(i, 1.2, -30.0)), [90, 90, 90]);
        assert_eq!(changed([255, 0, 64], &|i| gamma_contrast(i, [2.0, 1.0, 0.5])), [255, 0, 128]);
    }

    #[test]
    fn settings_beyond_their_range_do_no_harm() {
        for size in [0, 1, 2, 5] {
            let mut image = RgbImage::from_pixel(size, size, Rgb([7, 70, 170]));
            posterize(&mut image, 99);
            autocontrast(&mut image, 200);
            equalize(&mut image);
            sharpness(&mut image, 2.0);
            contrast(&mut image, 1.0);
            assert!(image.pixels().all(|pixel| pixel.0 == [7, 70, 170]));
            posterize(&mut image, 0);
            assert!(image.as_raw().iter().all(|&value| value == 0));
        }
    }
}
