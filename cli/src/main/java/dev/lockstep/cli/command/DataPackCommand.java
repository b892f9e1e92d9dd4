package dev.lockstep.cli.command;

import dev.lockstep.errors.Printable;
import dev.lockstep.image.pack.RawPacker;
import dev.lockstep.image.pack.ShardPacker;
import dev.lockstep.storage.Stores;
import dev.lockstep.text.Json;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep data pack}: packs an image folder into tar shards. */
@Command(
        name = "pack",
        description = {
            "Packs an image folder (train/CLASS/…, val/CLASS/…) into WebDataset tar shards, or into decoded pixels.",
            "Images keep their order and, unless resized, their bytes: training on the shards gives the same weights."
        },
        footer = {
            "",
            "Examples:",
            "  lockstep data pack /data/imagenet --out /data/shards --short-side 256",
            "  lockstep data pack /data/imagenet --out /data/pixels --short-side 256 --raw"
        })
final class DataPackCommand implements Runnable {
    @Parameters(paramLabel = "DIR", description = "Image folder that contains train and val.")
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Option(names = "--out", paramLabel = "SHARDS", required = true, description = "New folder for the shards.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Option(
            names = "--short-side",
            paramLabel = "PIXELS",
            description = "Reduce larger images to this short side; 0 keeps all images unchanged (default:"
                    + " ${DEFAULT-VALUE}).")
    private int shortSide;

    @Option(
            names = "--quality",
            paramLabel = "Q",
            description = "JPEG quality of reduced images, 1 to 100 (default: ${DEFAULT-VALUE}).")
    private int quality = 95;

    @Option(
            names = "--images-per-shard",
            paramLabel = "N",
            description = "Images per shard (default: ${DEFAULT-VALUE}).")
    private int imagesPerShard = 1000;

    @Option(
            names = "--raw",
            description = "Write decoded pixels, which need no decoding in training but five to ten times the space;"
                    + " needs --short-side.")
    private boolean raw;

    @Option(names = "--skip-bad-images", description = "Skip images that cannot be read, and list them.")
    private boolean skipBadImages;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    private record Packed(String folder, long images, long shards, List<String> leftOut) {}

    @Override
    public void run() {
        Stores.requireLocal("DIR", folder);
        Stores.requireLocal("--out", out);
        ShardPacker.Result result = raw
                ? new RawPacker(shortSide, imagesPerShard, skipBadImages).pack(folder, out.toAbsolutePath())
                : new ShardPacker(shortSide, quality, imagesPerShard, skipBadImages).pack(folder, out.toAbsolutePath());
        result.skipped().values().forEach(message -> System.err.println("skipped: " + Printable.of(message, 2000)));
        System.out.println(
                json
                        ? Json.pretty(new Packed(
                                out.toString(),
                                result.images(),
                                result.shards(),
                                List.copyOf(result.skipped().values())))
                        : result.images() + " images in " + result.shards() + " shards, "
                                + result.skipped().size() + " skipped: " + Printable.of(out.toString()));
    }
}
