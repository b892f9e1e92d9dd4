package dev.lockstep.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/** Finds the runs and studies below folders. */
public final class RunFolders {
    private static final int DEPTH = 5;
    private static final int MOST = 2000;

    private RunFolders() {}

    /** Whether a folder is that of a run. */
    public static boolean isRun(Path folder) {
        return Files.isRegularFile(folder.resolve("recipe.yaml"))
                && (Files.exists(folder.resolve(".lock")) || Files.exists(folder.resolve("metrics.jsonl")));
    }

    /** Whether a folder is that of a study. */
    public static boolean isStudy(Path folder) {
        return Files.isRegularFile(folder.resolve("study.yaml")) && Files.isDirectory(folder.resolve("runs"));
    }

    /** The folders of runs at or below the given ones, in order of their names; folders of runs are not searched. */
    public static List<Path> runs(List<Path> roots) {
        return find(roots, false);
    }

    /** The folders of studies at or below the given ones. */
    public static List<Path> studies(List<Path> roots) {
        return find(roots, true);
    }

    private static List<Path> find(List<Path> roots, boolean studies) {
        List<Path> found = new ArrayList<>();
        try {
            for (Path root : roots) {
                Files.walkFileTree(
                        root.toAbsolutePath().normalize(),
                        EnumSet.noneOf(FileVisitOption.class),
                        DEPTH,
                        new SimpleFileVisitor<>() {
                            @Override
                            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                                boolean wanted = studies ? isStudy(folder) : isRun(folder);
                                if (wanted && found.size() < MOST && !found.contains(folder)) {
                                    found.add(folder);
                                }
                                return wanted ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
                            }

                            @Override
                            public FileVisitResult visitFileFailed(Path file, IOException e) {
                                return FileVisitResult.CONTINUE;
                            }
                        });
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found.stream().sorted().toList();
    }
}
