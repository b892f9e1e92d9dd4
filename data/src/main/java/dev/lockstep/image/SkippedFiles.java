package dev.lockstep.image;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Files among the images of a dataset that are no part of it, because their names are not those of supported images.
 *
 * @param count of all of them
 * @param names the first of them, for messages
 */
public record SkippedFiles(long count, List<String> names) {
    /** No files. */
    public static final SkippedFiles NONE = new SkippedFiles(0, List.of());

    private static final int MOST_NAMES = 100;

    public SkippedFiles {
        names = List.copyOf(names.subList(0, Math.min(MOST_NAMES, names.size())));
    }

    /** These files, and others. */
    public SkippedFiles plus(SkippedFiles more) {
        List<String> all = new ArrayList<>(names);
        all.addAll(more.names);
        return new SkippedFiles(count + more.count, all);
    }

    /** These files, and one more. */
    public SkippedFiles plus(String name) {
        return names.size() == MOST_NAMES
                ? new SkippedFiles(count + 1, names)
                : new SkippedFiles(
                        count + 1,
                        Stream.concat(names.stream(), Stream.of(name)).toList());
    }

    /** How many they are and the names of some, such as {@code 2 files that are no images: notes.txt, a.pdf}. */
    public String summary(int most) {
        List<String> some = names.subList(0, Math.min(most, names.size()));
        return count
                + (count == 1 ? " file that is no supported image: " : " files that are no supported images: ")
                + String.join(", ", some)
                + (count > some.size() ? ", …" : "");
    }
}
