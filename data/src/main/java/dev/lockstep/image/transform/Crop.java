package dev.lockstep.image.transform;

import dev.lockstep.sampling.KeyedRandom;

/** A rectangle of an image, in whole pixels. */
record Crop(int left, int top, int width, int height) {
    private static final double LEAST_AREA = 0.08;
    private static final double LEAST_ASPECT = 3.0 / 4;
    private static final double MOST_ASPECT = 4.0 / 3;
    private static final int TRIES = 10;

    /**
     * A crop of random area (0.08 to 1 of the image, uniform) and aspect ratio (3/4 to 4/3, log-uniform): the paper's
     * augmentation (section 5.1) as implemented in torchvision. Draws area and aspect ratio, and if the crop fits, its
     * top row and left column. After 10 crops that do not fit, uses the largest central crop with an allowed aspect
     * ratio.
     */
    static Crop random(int imageWidth, int imageHeight, KeyedRandom random) {
        double area = (double) imageWidth * imageHeight;
        for (int attempt = 0; attempt < TRIES; attempt++) {
            double wanted = area * random.nextDouble(LEAST_AREA, 1);
            double aspect =
                    StrictMath.exp(random.nextDouble(StrictMath.log(LEAST_ASPECT), StrictMath.log(MOST_ASPECT)));
            int width = (int) Math.rint(Math.sqrt(wanted * aspect));
            int height = (int) Math.rint(Math.sqrt(wanted / aspect));
            if (width > 0 && width <= imageWidth && height > 0 && height <= imageHeight) {
                int top = random.nextInt(imageHeight - height + 1);
                int left = random.nextInt(imageWidth - width + 1);
                return new Crop(left, top, width, height);
            }
        }
        return central(imageWidth, imageHeight);
    }

    private static Crop central(int imageWidth, int imageHeight) {
        double aspect = (double) imageWidth / imageHeight;
        int width = aspect > MOST_ASPECT ? (int) Math.rint(imageHeight * MOST_ASPECT) : imageWidth;
        int height = aspect < LEAST_ASPECT ? (int) Math.rint(imageWidth / LEAST_ASPECT) : imageHeight;
        return new Crop((imageWidth - width) / 2, (imageHeight - height) / 2, width, height);
    }
}
