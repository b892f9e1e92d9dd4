package dev.lockstep.evidence.process;

import java.nio.file.Path;

/** A small file system in memory that fills up quickly. */
public record SmallDisk(Path path) {
    public void resize(int mebibytes) {
        if (!Stage.system("mount", "-o", "remount,size=" + mebibytes + "m", path.toString())) {
            throw new IllegalStateException("the small disk cannot be resized");
        }
    }
}
