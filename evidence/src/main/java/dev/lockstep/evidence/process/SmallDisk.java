package dev.lockstep.evidence.process;

import java.nio.file.Path;

/** A file system in memory that is soon full. */
public record SmallDisk(Path path) {
    public void resize(int mebibytes) {
        if (!Stage.system("mount", "-o", "remount,size=" + mebibytes + "m", path.toString())) {
            throw new IllegalStateException("the small disk cannot be resized");
        }
    }
}
