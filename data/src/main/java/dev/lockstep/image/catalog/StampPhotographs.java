package dev.lockstep.image.catalog;

import dev.lockstep.image.Dataset;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.format.ImageFolder;
import dev.lockstep.image.format.ImageFolder.LabeledFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The dataset {@code stamps}: photographs of birds, mammals, flowers, fruit and vegetables that ship as stamps with the
 * drawing program Tux Paint (GPL-2; Debian package {@code tuxpaint-stamps-default}). It is small enough to train on in
 * minutes, yet real: PNG files of many sizes, with palettes and transparency (which is dropped). The files are listed
 * explicitly, so that every machine and package version gives the same set.
 */
final class StampPhotographs {
    private static final String NAME = "stamps";
    private static final String INSTALLED = "usr/share/tuxpaint/stamps";

    private StampPhotographs() {}

    /** One line of the list. */
    private record Stamp(String set, String label, DataFile file) {
        static Stamp parse(String line) {
            String[] parts = line.split(" ", 4);
            return new Stamp(parts[0], parts[1], new DataFile(parts[3], parts[2]));
        }
    }

    static DatasetEntry entry() {
        List<Stamp> stamps = list();
        List<String> classes =
                stamps.stream().map(Stamp::label).distinct().sorted().toList();
        DatasetSpec spec = new DatasetSpec(
                NAME,
                "a few photographs of animals and plants (PNG), for trying out training in minutes",
                KnownDatasets.PHOTOGRAPH,
                OptionalInt.of(classes.size()),
                classes,
                OptionalInt.of(count(stamps, "training")),
                OptionalInt.of(count(stamps, "validation")),
                Normalization.IMAGENET);
        FileSet files =
                new FileSet(NAME, "stamps", stamps.stream().map(Stamp::file).toList());
        DatasetFetcher fetcher = KnownDatasets.fetcher(
                files,
                List.of(Path.of("/" + INSTALLED)),
                List.of(new DebianPackage("tuxpaint-stamps-default", INSTALLED)));
        return Photographs.known(
                spec,
                (folder, split) ->
                        List.of(set(stamps, "training", classes, folder), set(stamps, "validation", classes, folder)),
                Optional.of(fetcher));
    }

    private static int count(List<Stamp> stamps, String set) {
        return (int) stamps.stream().filter(stamp -> stamp.set.equals(set)).count();
    }

    private static Dataset set(List<Stamp> stamps, String set, List<String> classes, Path folder) {
        List<LabeledFile> files = stamps.stream()
                .filter(stamp -> stamp.set.equals(set))
                .map(stamp -> new LabeledFile(stamp.file.name(), classes.indexOf(stamp.label)))
                .toList();
        return ImageFolder.of(folder, set, classes, files);
    }

    private static List<Stamp> list() {
        try (InputStream in = Objects.requireNonNull(StampPhotographs.class.getResourceAsStream("stamps.txt"));
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            return lines.lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(Stamp::parse)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
