package dev.lockstep.image;

import java.util.List;

/** Images without labels, to classify or to measure loading speed. */
public record UnlabeledImages(List<? extends ImageData> images) implements Dataset {
    @Override
    public int size() {
        return images.size();
    }

    /** Always 0, because a batch must have labels. */
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
        throw new UnsupportedOperationException("images without labels have no fingerprint");
    }
}
