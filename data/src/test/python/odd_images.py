"""Makes odd_images.json: small image files of the kinds that ImageNet really contains, and what Pillow decodes of them.

Usage: odd_images.py > ../resources/dev/lockstep/image/codec/odd_images.json
"""

import base64
import io
import json
import struct
import subprocess
import sys
import zlib

import numpy
from PIL import Image

WIDTH, HEIGHT = 24, 16


def colors():
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    return numpy.stack([x * 10, y * 15, 255 - x * 5 - y * 5], axis=-1).astype("uint8")


def file(image, **options):
    out = io.BytesIO()
    image.save(out, **options)
    return out.getvalue()


def ycck(image):
    """Pillow writes CMYK without the transform to YCC; ImageMagick writes it with (Adobe's transform 2)."""
    command = ["convert", "png:-", "-colorspace", "CMYK", "-sampling-factor", "1x1", "-quality", "95", "jpeg:-"]
    contents = subprocess.run(command, input=file(image, format="PNG"), capture_output=True, check=True).stdout
    assert contents[contents.index(b"Adobe") + 11] == 2
    return contents


def sixteen_bit_png(color_type, channels):
    """Pillow writes no 16-bit RGB: chunks by hand, the high byte is the wanted value, the low byte is noise."""
    high = colors()[:, :, :channels].astype("uint16")
    samples = (high << 8 | 0x5A).astype(">u2")
    rows = b"".join(b"\0" + samples[y].tobytes() for y in range(HEIGHT))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, color_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def main():
    rgb = Image.fromarray(colors())
    alpha = Image.fromarray(numpy.arange(WIDTH * HEIGHT, dtype="uint32").astype("uint8").reshape(HEIGHT, WIDTH))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    exif = Image.Exif()
    exif[0x0112] = 6
    files = {
        "rgb.jpg": file(rgb, format="JPEG", quality=95),
        "progressive.jpg": file(rgb, format="JPEG", quality=95, progressive=True),
        "gray.jpg": file(rgb.convert("L"), format="JPEG", quality=95),
        "cmyk.jpg": file(rgb.convert("CMYK"), format="JPEG", quality=95),
        "cmyk-ycck.jpg": ycck(rgb),
        "orientation.jpg": file(rgb, format="JPEG", quality=95, exif=exif.tobytes()),
        "rgba.png": file(rgba, format="PNG"),
        "gray-alpha.png": file(rgba.convert("LA"), format="PNG"),
        "palette.png": file(rgb.quantize(64), format="PNG", transparency=3),
        "bilevel.png": file(rgb.convert("1"), format="PNG"),
        "rgb16.png": sixteen_bit_png(2, 3),
        "jpeg-named.png": file(rgb, format="JPEG", quality=95),
        "png-named.JPEG": file(rgb, format="PNG"),
    }
    result = {}
    for name, contents in files.items():
        pixels = numpy.asarray(Image.open(io.BytesIO(contents)).convert("RGB"))
        result[name] = {
            "file": base64.b64encode(contents).decode(),
            "pixels": base64.b64encode(pixels.tobytes()).decode(),
        }
    gray16 = sixteen_bit_png(0, 1)
    gray = numpy.repeat(colors()[:, :, :1], 3, axis=-1)
    # Pillow clips 16-bit gray instead of scaling it; the high byte is what the others give.
    result["gray16.png"] = {
        "file": base64.b64encode(gray16).decode(),
        "pixels": base64.b64encode(gray.tobytes()).decode(),
    }
    json.dump(result, sys.stdout, indent=0)
    print()


if __name__ == "__main__":
    main()
