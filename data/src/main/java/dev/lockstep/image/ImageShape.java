package dev.lockstep.image;

/** The shape of one image as the network sees it. */
public record ImageShape(int channels, int height, int width) {
    public int floats() {
        return channels * height * width;
    }
}
