package dev.lockstep.report;

import java.nio.file.Path;
import java.util.List;

/** Names for the runs on a page: the shortest suffix of each path that is unique. */
public final class RunNames {
    private RunNames() {}

    /**
     * @param path one of {@code all}
     * @param all absolute paths
     */
    public static String shortest(Path path, List<Path> all) {
        for (int parts = 1; parts <= path.getNameCount(); parts++) {
            String name = end(path, parts);
            int wanted = parts;
            if (all.stream().filter(other -> end(other, wanted).equals(name)).count() == 1) {
                return name;
            }
        }
        return path.toString();
    }

    private static String end(Path path, int parts) {
        int count = path.getNameCount();
        return path.subpath(Math.max(0, count - parts), count).toString();
    }
}
