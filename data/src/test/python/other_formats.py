"""Makes other_formats.json: small WebP, BMP, GIF and TIFF files and turned photographs, and what Pillow decodes of them.

The pixels are those that torchvision's ImageFolder gives after exif_transpose: ImageOps.exif_transpose(Image.open(file)),
then convert("RGB").

Usage: other_formats.py > ../resources/dev/lockstep/image/codec/other_formats.json
"""

import base64
import io
import json
import sys

import numpy
from PIL import Image, ImageOps

WIDTH, HEIGHT = 24, 16


def colors():
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    return numpy.stack([x * 10, y * 15, 255 - x * 5 - y * 5], axis=-1).astype("uint8")


def file(image, format, **options):
    out = io.BytesIO()
    image.save(out, format=format, **options)
    return out.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def sixteen_bit_tiff():
    high = colors()[:, :, 0].astype("uint16")
    return file(Image.fromarray(high << 8 | 0x5A), "TIFF")


def main():
    rgb = Image.fromarray(colors())
    gray = rgb.convert("L")
    palette = rgb.quantize(64)
    alpha = Image.fromarray(numpy.arange(WIDTH * HEIGHT, dtype="uint32").astype("uint8").reshape(HEIGHT, WIDTH))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    other = Image.fromarray(255 - colors())
    files = {
        "lossless.webp": file(rgb, "WEBP", lossless=True),
        "lossy.webp": file(rgb, "WEBP", quality=95),
        "alpha.webp": file(rgba, "WEBP", lossless=True, exact=True),
        "turned.webp": file(rgb, "WEBP", lossless=True, exif=turned(6)),
        "rgb.bmp": file(rgb, "BMP"),
        "palette.bmp": file(palette, "BMP"),
        "gray.bmp": file(gray, "BMP"),
        "bilevel.bmp": file(rgb.convert("1"), "BMP"),
        "palette.gif": file(palette, "GIF"),
        "gray.gif": file(gray, "GIF"),
        "interlaced.gif": file(palette, "GIF", interlace=1),
        "transparent.gif": file(palette, "GIF", transparency=3),
        "animated.gif": file(palette, "GIF", save_all=True, append_images=[other.quantize(64)], duration=50),
        "rgb.tif": file(rgb, "TIFF"),
        "lzw.tif": file(rgb, "TIFF", compression="tiff_lzw"),
        "deflate.tif": file(rgb, "TIFF", compression="tiff_adobe_deflate"),
        "packbits.tif": file(rgb, "TIFF", compression="packbits"),
        "group4.tif": file(rgb.convert("1"), "TIFF", compression="group4"),
        "gray.tif": file(gray, "TIFF"),
        "palette.tif": file(palette, "TIFF"),
        "rgba.tif": file(rgba, "TIFF"),
        "cmyk.tif": file(rgb.convert("CMYK"), "TIFF"),
        "jpeg.tif": file(rgb, "TIFF", compression="jpeg", quality=95),
        "turned.tif": file(rgb, "TIFF", tiffinfo={0x0112: 6}),
        "turned.png": file(rgb, "PNG", exif=turned(8)),
        "bmp-named.jpg": file(rgb, "BMP"),
    }
    for orientation in range(1, 9):
        files[f"turned-{orientation}.jpg"] = file(rgb, "JPEG", quality=95, exif=turned(orientation))
    files["turned-9.jpg"] = file(rgb, "JPEG", quality=95, exif=turned(9))
    result = {}
    for name, contents in files.items():
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(contents))).convert("RGB")
        result[name] = entry(contents, numpy.asarray(image))
    # Pillow clips 16-bit gray instead of scaling it; the high byte is what the others give.
    result["gray16.tif"] = entry(sixteen_bit_tiff(), numpy.repeat(colors()[:, :, :1], 3, axis=-1))
    json.dump(result, sys.stdout, indent=0)
    print()


def entry(contents, pixels):
    return {
        "file": base64.b64encode(contents).decode(),
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "pixels": base64.b64encode(pixels.tobytes()).decode(),
    }


if __name__ == "__main__":
    main()
