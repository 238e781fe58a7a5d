#!/usr/bin/env python3
"""Makes the photos that the decoder's tests read, and the pixels that Pillow and LittleCMS give for them.

    pip install numpy Pillow tifffile imagecodecs && apt-get install libjpeg-turbo-progs
    photos.py        writes photos/ beside this file; photos/expected.json says what is right for each

An entry of expected.json has either `pixels` (a PNG of what to decode to, with `tolerance` of 255) or `error` (words of the
message). `levels` are the stored values that become 0 and 255.
"""
import io, json, os, struct, subprocess, zlib
import numpy as np
import tifffile
from PIL import Image, ImageCms

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "photos")
os.makedirs(here, exist_ok=True)
for name in os.listdir(here):
    os.remove(os.path.join(here, name))
expected = {}
WIDTH, HEIGHT = 56, 40

y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
grey = np.clip(130 + 60 * np.sin(x / 5) * np.cos(y / 7) + 40 * (x > 40) * (y < 12), 0, 255).astype("u1")
rgb = np.dstack([grey, np.clip(grey * 0.7 + 20, 0, 255).astype("u1"), np.clip(230 - grey * 0.8, 0, 255).astype("u1")])
alpha = np.full(grey.shape, 255, "u1")
alpha[8:24, 10:30] = 0


def path(name):
    return os.path.join(here, name)


def put(name, data):
    with open(path(name), "wb") as file:
        file.write(data)


def known(array, name):
    """The name of a PNG of these pixels, written once."""
    array = np.asarray(array)
    if array.ndim == 2:
        array = np.dstack([array] * 3)
    name = f"expected-{name}.png"
    Image.fromarray(array).save(path(name), optimize=True)
    return name


PIXELS = {"grey": known(grey, "grey"), "rgb": known(rgb, "rgb")}


def good(name, data, pixels, tolerance=0, levels=None):
    if data is not None:
        put(name, data)
    if not isinstance(pixels, str):
        pixels = known(pixels, name)
    expected[name] = {"pixels": PIXELS.get(pixels, pixels), "tolerance": tolerance} | ({"levels": levels} if levels else {})


def bad(name, data, *words):
    if data is not None:
        put(name, data)
    expected[name] = {"error": list(words)}


def encoded(array, kind, **options):
    out = io.BytesIO()
    image = array if isinstance(array, Image.Image) else Image.fromarray(array)
    image.save(out, kind, **options)
    return out.getvalue()


def pillow(data):
    """What Pillow decodes, not turned."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def filled(pixels, opacity):
    """Pixels that are compared where they are opaque: a transparent pixel has no colour of its own."""
    return np.dstack([pixels, opacity])


# ICC profiles, of colorants (D50) and a curve, as the ICC's specification version 2 has them.
def profile(space, colorants, gamma, name):
    def tag(kind, body):
        return kind + bytes(4) + body

    fixed = lambda value: struct.pack(">i", round(value * 65536))
    curve = tag(b"curv", struct.pack(">I", 1) + struct.pack(">H", round(gamma * 256)))
    tags = [(b"desc", tag(b"desc", struct.pack(">I", len(name) + 1) + name.encode() + bytes(79))),
            (b"cprt", tag(b"text", b"none\0")), (b"wtpt", tag(b"XYZ ", fixed(0.9642) + fixed(1) + fixed(0.8249)))]
    if space == b"GRAY":
        tags.append((b"kTRC", curve))
    for letter, values in zip("rgb", colorants):
        tags.append((letter.encode() + b"XYZ", tag(b"XYZ ", b"".join(map(fixed, values)))))
        tags.append((letter.encode() + b"TRC", curve))
    at, table, data = 128 + 4 + 12 * len(tags), b"", b""
    for key, body in tags:
        body += bytes(-len(body) % 4)
        table += key + struct.pack(">II", at + len(data), len(body))
        data += body
    size = at + len(data)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(24) + bytes(4)
    head += fixed(0.9642) + fixed(1) + fixed(0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


P3 = profile(b"RGB ", [(0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)], 2.2, "like P3")
ADOBE = profile(b"RGB ", [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)], 2.19921875, "like Adobe RGB")
GREY18 = profile(b"GRAY", [], 1.8, "grey, gamma 1.8")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def managed(array, icc):
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    image = Image.fromarray(array)
    return np.asarray(ImageCms.profileToProfile(image, source, SRGB, renderingIntent=1, outputMode="RGB"))


# PNG
def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(header, rows, *extra):
    """A PNG of raw rows; `header` is bits and colour type."""
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, *header, 0, 0, 0))
            + b"".join(chunk(*one) for one in extra) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


def packed(values, bits):
    out = []
    for row in values:
        text = "".join(format(int(value), f"0{bits}b") for value in row)
        text += "0" * (-len(text) % 8)
        out.append(bytes(int(text[at:at + 8], 2) for at in range(0, len(text), 8)))
    return out


good("png-rgb.png", encoded(rgb, "PNG"), "rgb")
good("png-grey.png", encoded(grey, "PNG"), "grey")
for bits in (1, 2, 4):
    values = grey >> (8 - bits)
    good(f"png-grey-{bits}-bit.png", png((bits, 0), packed(values, bits)), (values * (255 // (2 ** bits - 1))).astype("u1"))
palette = Image.fromarray(rgb).quantize(16)
good("png-palette.png", encoded(palette, "PNG"), np.asarray(palette.convert("RGB")))
hidden = np.dstack([np.where(alpha[..., None] == 0, [240, 30, 10], rgb), alpha]).astype("u1")
good("png-alpha.png", encoded(hidden, "PNG"), filled(rgb, alpha), 1)
black = np.dstack([np.where(alpha[..., None] == 0, 0, rgb), alpha]).astype("u1")
good("png-alpha-over-black.png", encoded(black, "PNG"), filled(rgb, alpha), 1)
good("png-grey-alpha.png", encoded(np.dstack([grey, alpha]), "PNG"), filled(np.dstack([grey] * 3), alpha), 1)
good("png-alpha-opaque.png", encoded(np.dstack([rgb, alpha | 255]), "PNG"), "rgb")
bad("png-all-transparent.png", encoded(np.dstack([rgb, alpha * 0]), "PNG"), "transparent")
good("png-16-bit.png", png((16, 0), [row.astype(">u2").tobytes() for row in grey.astype("u2") * 257]), "grey")
good("png-12-bit.png", png((16, 0), [row.astype(">u2").tobytes() for row in grey.astype("u2") * 16]),
     np.round(grey.astype(float) * 16 * 255 / 4095).astype("u1"), 0, [0, 4095])
good("png-16-bit-rgb.png", png((16, 2), [row.astype(">u2").tobytes() for row in rgb.astype("u2") * 257]), "rgb")
turned = encoded(np.rot90(rgb, 1), "PNG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")
good("png-turned.png", turned, "rgb")
for name, icc in (("p3", P3), ("adobe", ADOBE)):
    good(f"png-{name}.png", encoded(rgb, "PNG", icc_profile=icc), managed(rgb, icc), 2)
srgb = bytearray(SRGB.tobytes())
# The day on which it was made.
srgb[24:36] = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
good("png-srgb.png", encoded(rgb, "PNG", icc_profile=bytes(srgb)), "rgb")
good("png-grey-profile.png", encoded(grey, "PNG", icc_profile=GREY18), managed(grey, GREY18), 2)
good("png-broken-profile.png", encoded(rgb, "PNG", icc_profile=b"no profile at all" * 20), "rgb")
bad("png-no-end.png", encoded(rgb, "PNG")[:-12], "damaged")
broken = bytearray(encoded(rgb, "PNG", compress_level=0))
broken[len(broken) // 2] ^= 0x55
bad("png-damaged.png", bytes(broken), "damaged")
bad("png-cut.png", encoded(rgb, "PNG")[:-400], "damaged")
frames = [Image.fromarray(rgb), Image.fromarray(np.flipud(rgb))]
bad("png-animated.png", encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]), "2 pictures")
huge = bytearray(encoded(grey, "PNG"))
huge[16:24] = struct.pack(">II", 65535, 65535)
huge[29:33] = struct.pack(">I", zlib.crc32(bytes(huge[12:29])))
bad("png-claims-65535.png", bytes(huge), "65535 x 65535", "million")

# JPEG
for name, options in (("444", {"subsampling": 0}), ("420", {"subsampling": 2}), ("progressive", {"progressive": True}),
                      ("restarts", {"restart_marker_rows": 1}), ("restarts-progressive", {"progressive": True, "restart_marker_blocks": 3})):
    data = encoded(rgb, "JPEG", quality=92, **options)
    good(f"jpeg-{name}.jpg", data, pillow(data), 12 if name != "444" else 3)
data = encoded(grey, "JPEG", quality=92)
good("jpeg-grey.jpg", data, pillow(data), 2)
data = encoded(Image.fromarray(rgb).convert("CMYK"), "JPEG", quality=95)
good("jpeg-cmyk.jpg", data, pillow(data), 4)
data = encoded(rgb, "JPEG", quality=95, keep_rgb=True)
good("jpeg-rgb.jpg", data, pillow(data), 3)
whole = encoded(rgb, "JPEG", quality=95, subsampling=0)
plain = pillow(whole)
good("jpeg-no-end-marker.jpg", whole[:-2], plain, 3)
good("jpeg-bytes-after-end.jpg", whole + b"a phone's video" + bytes(range(256)), plain, 3)
bad("jpeg-half.jpg", whole[: len(whole) // 2], "cut short", "%")
bad("jpeg-half-with-end.jpg", whole[: len(whole) // 2] + b"\xff\xd9", "cut short", "%")
bad("jpeg-headers-only.jpg", whole[: whole.index(b"\xff\xda")], "cut short", "100 %")
bad("jpeg-data-left-over.jpg", whole[:-2] + bytes([0x5a] * 64) + b"\xff\xd9", "damaged")
slow = encoded(rgb, "JPEG", quality=95, subsampling=0, progressive=True)
scans = [at for at in range(len(slow) - 1) if slow[at:at + 2] == b"\xff\xda"]
bad("jpeg-scans-missing.jpg", slow[: scans[-1]] + b"\xff\xd9", "cut short")
bad("jpeg-progressive-half.jpg", slow[: len(slow) // 2] + b"\xff\xd9", "cut short")
good("jpeg-progressive-no-end-marker.jpg", slow[:-2], pillow(slow), 3)
exif = lambda turn: b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes([turn]) + b"\0\0\0\0\0\0"
for turn, pose in ((2, np.fliplr), (3, lambda a: np.rot90(a, 2)), (4, np.flipud), (5, lambda a: a.transpose(1, 0, 2)),
                   (6, lambda a: np.rot90(a, 1)), (7, lambda a: np.rot90(a, 2).transpose(1, 0, 2)), (8, lambda a: np.rot90(a, 3))):
    data = encoded(np.ascontiguousarray(pose(rgb)), "JPEG", quality=97, subsampling=0, exif=exif(turn))
    good(f"jpeg-exif-{turn}.jpg", data, "rgb", 12)
data = encoded(rgb, "JPEG", quality=97, subsampling=0, icc_profile=P3)
good("jpeg-p3.jpg", data, managed(pillow(data), P3), 4)
with open("/tmp/photos-rgb.ppm", "wb") as file:
    file.write(encoded(rgb, "PPM"))
bad("jpeg-arithmetic.jpg", subprocess.run(["cjpeg", "-arithmetic", "/tmp/photos-rgb.ppm"], capture_output=True, check=True).stdout, "not supported")
import imagecodecs
bad("jpeg-12-bit.jpg", imagecodecs.jpeg_encode(grey.astype("u2") * 16, bitspersample=12), "not supported")
bad("jpeg-lossless.jpg", imagecodecs.ljpeg_encode(grey), "not supported")

# WebP
data = encoded(rgb, "WEBP", quality=90)
good("webp.webp", data, pillow(data), 3)
good("webp-lossless.webp", encoded(rgb, "WEBP", lossless=True), "rgb")
good("webp-alpha.webp", encoded(hidden, "WEBP", lossless=True, exact=True), filled(rgb, alpha), 1)
for turn, pose in ((3, 2), (6, 1)):
    data = encoded(np.ascontiguousarray(np.rot90(rgb, pose)), "WEBP", lossless=True, exif=exif(turn))
    good(f"webp-exif-{turn}.webp", data, "rgb")
good("webp-p3.webp", encoded(rgb, "WEBP", lossless=True, icc_profile=P3), managed(rgb, P3), 2)
bad("webp-animated.webp", encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True), "2 pictures")
claims = bytearray(encoded(rgb, "WEBP", lossless=True, exif=exif(6)))
at = claims.index(b"EXIF")
claims[at + 4:at + 8] = struct.pack("<I", 0xfc00001a)
bad("webp-claims-4-gb.webp", bytes(claims), "damaged")
bad("webp-cut.webp", encoded(rgb, "WEBP", lossless=True)[:-60], "damaged")

# BMP
good("bmp-24.bmp", encoded(rgb, "BMP"), "rgb")
good("bmp-grey.bmp", encoded(grey, "BMP"), "grey")
data = encoded(Image.fromarray(grey).convert("1"), "BMP")
good("bmp-1-bit.bmp", data, pillow(data))
data = encoded(palette, "BMP")
good("bmp-palette.bmp", data, np.asarray(palette.convert("RGB")))

# GIF
gif = Image.fromarray(rgb).quantize(64)
data = encoded(gif, "GIF")
good("gif.gif", data, pillow(data))
bad("gif-animated.gif", encoded(frames[0].quantize(64), "GIF", save_all=True, append_images=[frames[1].quantize(64)]), "2 pictures")

# TIFF
def tiff(array, **options):
    out = io.BytesIO()
    tifffile.imwrite(out, array, **({"photometric": "rgb" if array.ndim == 3 else "minisblack", "metadata": None} | options))
    return out.getvalue()


good("tiff-rgb.tif", tiff(rgb), "rgb")
good("tiff-grey.tif", tiff(grey), "grey")
for name in ("lzw", "deflate", "packbits"):
    good(f"tiff-{name}.tif", tiff(rgb, compression=name), "rgb")
good("tiff-predictor.tif", tiff(rgb, compression="lzw", predictor=True), "rgb")
good("tiff-planar.tif", tiff(np.ascontiguousarray(rgb.transpose(2, 0, 1)), planarconfig="separate"), "rgb")
good("tiff-tiled.tif", tiff(rgb, tile=(16, 16)), "rgb")
big = io.BytesIO()
with tifffile.TiffWriter(big, byteorder=">") as writer:
    writer.write(rgb, photometric="rgb", metadata=None)
good("tiff-big-endian.tif", big.getvalue(), "rgb")
good("tiff-pillow.tif", encoded(rgb, "TIFF"), "rgb")
good("tiff-bigtiff.tif", tiff(rgb, bigtiff=True), "rgb")
good("tiff-16-bit.tif", tiff(grey.astype("u2") * 257), "grey")
good("tiff-16-bit-rgb.tif", tiff(rgb.astype("u2") * 257), "rgb")
good("tiff-12-bit.tif", tiff(grey.astype("u2") * 16), np.round(grey.astype(float) * 16 * 255 / 4095).astype("u1"), 0, [0, 4095])
good("tiff-float.tif", tiff(grey.astype("f4") / 255), "grey", 0, [0, 1])
good("tiff-float-255.tif", tiff(grey.astype("f4")), "grey", 0, [0, 255])
good("tiff-float-deflate.tif", tiff(grey.astype("f4") / 255, compression="deflate", predictor=True), "grey", 0, [0, 1])
good("tiff-half-float.tif", tiff((grey / 255).astype("f2")), "grey", 1, [0, 1])
good("tiff-int32.tif", tiff(grey.astype("i4")), "grey", 0, [0, 255])
good("tiff-signed-16-bit.tif", tiff(grey.astype("i2") - 128), "grey", 0, [-128, 127])
bad("tiff-float-unknown.tif", tiff(grey.astype("f4")), "32-bit float TIFF", "not known")
bad("tiff-int32-unknown.tif", tiff(grey.astype("i4")), "32-bit TIFF", "not known")
infinite = grey.astype("f4") / 255
infinite[3, 3] = np.inf
put("tiff-infinite.tif", tiff(infinite))
expected["tiff-infinite.tif"] = {"error": ["not a finite number"], "levels": [0, 1]}
good("tiff-white-is-zero.tif", tiff(255 - grey, photometric="miniswhite"), "grey")
bits = (grey > 128)
good("tiff-1-bit.tif", encoded(Image.fromarray(bits), "TIFF"), bits.astype("u1") * 255)
good("tiff-fax.tif", encoded(Image.fromarray(bits), "TIFF", compression="group4"), bits.astype("u1") * 255)
cmyk = Image.fromarray(rgb).convert("CMYK")
good("tiff-cmyk.tif", encoded(cmyk, "TIFF"), np.asarray(cmyk.convert("RGB")), 2)
data = encoded(rgb, "TIFF", compression="jpeg", quality=95)
good("tiff-jpeg.tif", data, pillow(data), 6)
good("tiff-alpha.tif", tiff(hidden, extrasamples=["unassalpha"]), filled(rgb, alpha), 1)
good("tiff-turned.tif", tiff(np.ascontiguousarray(np.rot90(rgb, 1)), extratags=[(274, 3, 1, 6, True)]), "rgb")
good("tiff-p3.tif", tiff(rgb, iccprofile=P3), managed(rgb, P3), 2)
pages = io.BytesIO()
with tifffile.TiffWriter(pages) as writer:
    writer.write(np.full((36, 36), 128, "u1"), photometric="minisblack", metadata=None)
    writer.write(grey, photometric="minisblack", metadata=None)
good("tiff-thumbnail-first.tif", pages.getvalue(), "grey")
pages = io.BytesIO()
with tifffile.TiffWriter(pages) as writer:
    for _ in range(3):
        writer.write(grey, photometric="minisblack", metadata=None)
bad("tiff-pages.tif", pages.getvalue(), "3 pictures")
bad("tiff-12-bit-packed.tif", tiff(grey.astype("u2") * 16, bitspersample=12), "not supported")
bad("tiff-palette.tif", encoded(palette, "TIFF"), "not supported")
bad("tiff-zstd.tif", tiff(rgb, compression="zstd"), "not supported")
bad("tiff-cut.tif", tiff(rgb)[:-900], "damaged")
bad("tiff-raw.tif", tiff(grey, extratags=[(50706, 1, 4, bytes([1, 4, 0, 0]), True)]), "camera's raw format", "not supported")

# Known, and not decoded here
bad("avif.avif", encoded(rgb, "AVIF"), "AVIF is not supported")
bad("heic.heic", b"\0\0\0\x18ftypheic" + bytes(60), "HEIC is not supported")
bad("jpeg-2000.jp2", encoded(rgb, "JPEG2000"), "JPEG 2000 is not supported")
bad("jpeg-xl.jxl", imagecodecs.jpegxl_encode(rgb), "JPEG XL is not supported")
bad("netpbm.ppm", encoded(rgb, "PPM"), "Netpbm is not supported")
bad("photoshop.psd", b"8BPS\0\1" + bytes(60), "Photoshop")
bad("video.mp4", b"\0\0\0\x18ftypisom" + bytes(60), "video")
bad("side-file.jpg", b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(60), "not an image")
bad("text.png", b"dear inspector", "not an image")
bad("empty.png", b"", "not an image")

with open(path("expected.json"), "w") as file:
    json.dump(expected, file, indent=1)
    file.write("\n")
size = sum(os.path.getsize(path(name)) for name in os.listdir(here))
print(len(expected), "photos,", size // 1000, "kB")
