package dev.lockstep.image;

import java.util.List;

/** Images without labels, for the loader: to classify them, or to see how fast they load. */
public record UnlabeledImages(List<? extends ImageData> images) implements Dataset {
    @Override
    public int size() {
        return images.size();
    }

    /** 0: a batch must have labels. */
    @Override
    public int label(int index) {
        return 0;
    }

    @Override
    public ImageData image(int index) {
        return images.get(index);
    }

    @Override
    public List<String> classNames() {
        return List.of();
    }

    @Override
    public String fingerprint() {
        throw new UnsupportedOperationException("made for one use");
    }
}
