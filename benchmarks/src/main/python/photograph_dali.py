"""The images per second of CPU time of DALI's pipeline on CPUs, one thread; see photographs.sh."""

import glob
import os
import sys
import time

from nvidia.dali import fn, pipeline_def, types

ROUNDS = 5
BATCH, BATCHES = 32, 14
MEAN = [255 * mean for mean in (0.485, 0.456, 0.406)]
DEVIATION = [255 * deviation for deviation in (0.229, 0.224, 0.225)]


@pipeline_def(
    batch_size=BATCH, num_threads=1, device_id=None, exec_async=False, exec_pipelined=False, prefetch_queue_depth=1
)
def training(files, color):
    encoded, _ = fn.readers.file(files=files)
    images = fn.decoders.image_random_crop(
        encoded, device="cpu", random_aspect_ratio=[3 / 4, 4 / 3], random_area=[0.08, 1.0], num_attempts=10
    )
    images = fn.resize(images, resize_x=224, resize_y=224, interp_type=types.INTERP_TRIANGULAR)
    if color:
        factor = {name: fn.random.uniform(range=[0.6, 1.4]) for name in ("brightness", "contrast", "saturation")}
        images = fn.color_twist(images, **factor)
    return fn.crop_mirror_normalize(
        images,
        dtype=types.FLOAT,
        output_layout="HWC",
        mean=MEAN,
        std=DEVIATION,
        mirror=fn.random.coin_flip(probability=0.5),
    )


def main(folder):
    files = sorted(glob.glob(os.path.join(folder, "*.jpg"))) * BATCH
    for color in (False, True):
        pipeline = training(files, color)
        pipeline.build()
        best = 0
        for _ in range(ROUNDS):
            start = time.process_time()
            for _ in range(BATCHES):
                pipeline.run()
            best = max(best, BATCHES * BATCH / (time.process_time() - start))
        name = "DALI: training" + (" + jitter" if color else "")
        print(f"{name:50} {best:6.0f} images/s of CPU")


if __name__ == "__main__":
    main(sys.argv[1])
