//! Writes the values of an anomaly map to a file for other programs.

use std::fmt;
use std::io::{self, Cursor};

use cse::files::category_file::MapScale;
use serde::{Deserialize, Serialize};
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};
use tiff::tags::Tag;

/// Keyword of the PNG text chunk that holds the scale.
const KEYWORD: &str = "Anomaly map";

/// File format of `--raw-maps-format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum RawFormat {
    /// 16-bit grey PNG: 0 where the photo is not inspected, 1 to 65535 for the values from the scale's low to its high
    #[default]
    Png,
    /// 32-bit float grey TIFF: the values themselves, NaN where the photo was not inspected
    Tiff,
}

impl RawFormat {
    /// Ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Tiff => "tif",
        }
    }
}

/// Scale of a 16-bit picture: the map values of the greys 1 and 65535.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// Map value of grey 1.
    pub low: f32,
    /// Map value of grey 65535.
    pub high: f32,
}

impl Scale {
    /// Scale from 0 to the top of the model's scale, so that the greys of all photos of a model can be compared. It is
    /// wider if `map` exceeds it, so that no value is cut off.
    pub fn of(model: MapScale, map: &[f32]) -> Self {
        let values = || map.iter().copied().filter(|value| value.is_finite());
        let (low, high) = (values().fold(0.0, f32::min), values().fold(model.high, f32::max));
        Self { low, high: if high > low { high } else { low + 1.0 } }
    }

    /// Grey of a map value.
    fn grey(self, value: f32) -> u16 {
        let share = (f64::from(value) - f64::from(self.low)) / (f64::from(self.high) - f64::from(self.low));
        if value.is_nan() { 0 } else { 1 + (65534.0 * share.clamp(0.0, 1.0)).round() as u16 }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, high } = self;
        write!(f, "low={low} high={high} value=low+(grey-1)/65534*(high-low) 0=not inspected")
    }
}

/// Encodes `map` as a 16-bit grey PNG file, with its scale in a text chunk.
pub fn png(map: &[f32], (width, height): (u32, u32), scale: Scale) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Sixteen);
    encoder.add_text_chunk(KEYWORD.into(), scale.to_string())?;
    let greys: Vec<u8> = map.iter().flat_map(|value| scale.grey(*value).to_be_bytes()).collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&greys)?;
    writer.finish()?;
    Ok(bytes)
}

/// Encodes `map` as a 32-bit float grey TIFF file.
pub fn tiff(map: &[f32], (width, height): (u32, u32)) -> io::Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let mut write = || {
        let mut encoder = TiffEncoder::new(&mut bytes)?.with_compression(Compression::Deflate(DeflateLevel::Balanced));
        let mut image = encoder.new_image::<colortype::Gray32Float>(width, height)?;
        // The tag GDAL_NODATA, which GIS and imaging programs read.
        image.encoder().write_tag(Tag::Unknown(42113), "nan")?;
        image.write_data(map)
    };
    write().map_err(io::Error::other)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: MapScale = MapScale { low: 0.5, high: 2.0 };

    #[test]
    fn values_come_back_from_a_png_by_the_scale_in_it() {
        let map = [0.0, 0.4, 2.0, f32::NAN, 3.5, 1.0];
        let scale = Scale::of(MODEL, &map);
        let bytes = png(&map, (3, 2), scale).unwrap();
        let mut reader = png::Decoder::new(Cursor::new(&bytes)).read_info().unwrap();
        let text = &reader.info().uncompressed_latin1_text[0];
        assert_eq!((text.keyword.as_str(), text.text.starts_with("low=0 high=3.5 ")), (KEYWORD, true));
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.width, frame.height, frame.bit_depth), (3, 2, png::BitDepth::Sixteen));
        for (value, grey) in map.iter().zip(pixels.chunks(2)) {
            let grey = u16::from_be_bytes([grey[0], grey[1]]);
            let read = 0.0 + (f32::from(grey) - 1.0) / 65534.0 * 3.5;
            assert!(if value.is_nan() { grey == 0 } else { (read - value).abs() < 1e-4 }, "{value} {grey}");
        }
    }

    #[test]
    fn maps_within_the_scale_of_the_model_share_one() {
        assert_eq!(Scale::of(MODEL, &[0.1, 1.9]), Scale::of(MODEL, &[f32::NAN, 0.7]));
        assert_eq!(Scale::of(MODEL, &[-0.5, 1.9]), Scale { low: -0.5, high: 2.0 });
    }

    #[test]
    fn a_tiff_holds_the_values_themselves() {
        let map = [0.125, -3.0, f32::NAN, 1e-20, 7.5, 0.0];
        let bytes = tiff(&map, (3, 2)).unwrap();
        let mut decoder = tiff::decoder::Decoder::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(decoder.dimensions().unwrap(), (3, 2));
        let tiff::decoder::DecodingResult::F32(values) = decoder.read_image().unwrap() else { panic!("32-bit floats") };
        assert_eq!(values.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), map.map(f32::to_bits));
    }
}
