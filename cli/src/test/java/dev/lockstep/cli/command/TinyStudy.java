package dev.lockstep.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A study whose runs really train, but only for moments. */
public final class TinyStudy {
    private static final String RECIPE = """
            name: tiny
            epochs: 4
            workers: 2
            images-per-worker: 4
            data:
              dataset: "synthetic:images=2048,validation=64,shape=1x8x8,classes=3"
            model:
              name: resnet8
              width: 4
            """;

    private static final String STUDY = """
            name: tiny
            title: A tiny study
            recipe: tiny.yaml
            variants:
              - {name: small}
              - {name: large, set: {workers: 4}}
            seeds: [1, 2]
            questions:
              - {kind: matches, variant: large, baseline: small, margin-points: 5}
              - {kind: curves-coincide, variant: large, baseline: small, margin-points: 5, after-epoch: 2}
            """;

    private TinyStudy() {}

    /** The recipe alone, which trains for hours unless it is stopped. */
    public static Path endlessRecipe(Path folder) throws IOException {
        return Files.writeString(folder.resolve("endless.yaml"), RECIPE.replace("epochs: 4", "epochs: 10000"));
    }

    public static Path write(Path folder) throws IOException {
        Files.writeString(folder.resolve("tiny.yaml"), RECIPE);
        return Files.writeString(folder.resolve("study.yaml"), STUDY);
    }
}
