package dev.lockstep.image;

/** The shape of one image as the network sees it. */
public record ImageShape(int channels, int height, int width) {
    /** The number of values in one image. */
    public int floats() {
        return channels * height * width;
    }
}
