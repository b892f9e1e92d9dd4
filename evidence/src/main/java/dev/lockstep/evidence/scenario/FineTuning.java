package dev.lockstep.evidence.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * Fine-tuning: a residual network learns four classes of Fashion-MNIST, each turned in four ways, and is exported as {@code
 * .pth} with torchvision's names. It goes on with 10 images each of the six other classes, against networks that start from
 * the seed.
 */
final class FineTuning {
    private static final Set<Integer> FIRST = Set.of(0, 1, 2, 3);
    private static final Set<Integer> OTHERS = Set.of(4, 5, 6, 7, 8, 9);
    private static final Pattern ID = Pattern.compile("weights: \"(sha256:[0-9a-f]{64})\"");
    private static final String FROZEN = "[conv1, bn1, layer1, layer2]";

    private static final String BODY = """
            name: body
            seed: 1
            epochs: 3
            workers: 2
            images-per-worker: 32
            data: {dataset: imagefolder, image-size: 28}
            model: {name: resnet20, zero-init-residual: false}
            learning-rate:
              reference: 0.1
              reference-minibatch: 64
              warmup: {kind: none}
              schedule: {kind: cosine}
            """;

    private static final String FEW = """
            name: few
            epochs: 20
            workers: 1
            images-per-worker: 15
            data: {dataset: imagefolder, image-size: 28}
            model: {name: resnet20, zero-init-residual: false}
            learning-rate:
              reference: 0.02
              reference-minibatch: 15
              warmup: {kind: none}
              schedule: {kind: cosine}
            """;

    private static final String STUDY = """
            name: fine-tuning
            title: Does a network that knows four classes learn six others from 10 images each better than one that starts anew?
            recipe: few.yaml
            variants:
              - name: scratch
                label: from the seed
              - name: scratch-low
                label: from the seed, rate / 4
                set: {learning-rate.reference: 0.005}
              - name: fine-tuned
                label: "fine-tuned, conv1 to layer2 frozen"
                set:
                  learning-rate.reference: 0.05
                  learning-rate.factors: '{fc: 10}'
                  model.weights: '"ID"'
                  model.new-head: true
                  model.frozen: 'FROZEN'
            seeds: [1, 2, 3, 4, 5]
            questions:
              - {kind: worse-than, variant: scratch, baseline: fine-tuned}
              - {kind: worse-than, variant: scratch-low, baseline: fine-tuned}
            """;

    private final Stage stage;
    private final Path weights;
    private final String few;

    private FineTuning(Stage stage) {
        this.stage = stage;
        this.weights = stage.path("body.pth");
        this.few = stage.path("few").toString();
    }

    static void play(Stage stage, Settings settings) throws Exception {
        FineTuning scenario = new FineTuning(stage);
        scenario.makeWeights();
        String id = scenario.id();
        scenario.compare(id);
        scenario.bitwise();
    }

    private void makeWeights() throws IOException, InterruptedException {
        ImageFiles.ofClasses(stage.path("many"), FIRST, 700, 50, 4);
        ImageFiles.ofClasses(stage.path("few"), OTHERS, 10, 150, 1);
        Path recipe = Files.writeString(stage.path("body.yaml"), BODY);
        RunFolder body = stage.run("body");
        stage.require(
                stage.lockstep(
                                "train",
                                recipe.toString(),
                                "--data",
                                stage.path("many").toString())
                        .with("--out", body.path().toString()),
                "body.log");
        stage.report()
                .note("four classes, turned: validation error "
                        + percent(body.result().path("validation_top1_error").asDouble()) + " %");
        stage.require(stage.lockstep("export", body.path().toString(), "--out", weights.toString()), "export.log");
    }

    /** The identifier of the weights without their head, as the recipe of a run has it. */
    private String id() throws IOException, InterruptedException {
        Files.writeString(stage.path("few.yaml"), FEW);
        RunFolder start = stage.run("start");
        train(start, "--new-head", "--stop-after", "0");
        Matcher id = ID.matcher(Files.readString(start.path().resolve("recipe.yaml")));
        if (!id.find()) {
            throw new IllegalStateException("the recipe of the run names no weights");
        }
        return id.group(1);
    }

    private void train(RunFolder out, String... options) throws IOException, InterruptedException {
        stage.require(
                stage.lockstep("train", stage.path("few.yaml").toString(), "--data", few)
                        .with(
                                "--weights",
                                weights.toString(),
                                "--out",
                                out.path().toString())
                        .with(options),
                out.path().getFileName() + ".log");
    }

    private void compare(String id) throws IOException, InterruptedException {
        Path study = Files.writeString(
                stage.path("study.yaml"), STUDY.replace("ID", id).replace("FROZEN", FROZEN));
        Path out = stage.path("study");
        stage.require(
                stage.lockstep("study", study.toString(), "--data", few, "--out", out.toString())
                        .with("--weights", weights.toString()),
                "study.log");
        JsonNode summary =
                new ObjectMapper().readTree(out.resolve("summary.json").toFile());
        for (JsonNode answer : summary.path("answers")) {
            String scratch = answer.path("question").path("variant").asText();
            String tuned = answer.path("question").path("baseline").asText();
            stage.check(scratch + " against " + tuned, "worse, by the study's test", claims -> {
                claims.figure("mean error from the seed", mean(summary, scratch));
                claims.figure("mean error fine-tuned", mean(summary, tuned));
                claims.figure(
                        "p", String.format(Locale.ROOT, "%.2g", answer.path("p").asDouble()));
                claims.claim(
                        answer.path("verdict").asText().equals("holds"),
                        answer.path("reason").asText());
            });
        }
    }

    private static String mean(JsonNode summary, String variant) {
        double mean = StreamSupport.stream(summary.path("runs").spliterator(), false)
                .filter(run -> run.path("variant").asText().equals(variant))
                .mapToDouble(run -> run.path("error").asDouble())
                .average()
                .orElseThrow();
        return percent(mean) + " %";
    }

    private static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.2f", 100 * fraction);
    }

    /** Frozen layers, a new head, factors and balanced epochs, on 1, 2 and 3 processes. */
    private void bitwise() {
        stage.check("1, 2 and 3 processes", "the same weights", claims -> {
            Set<String> hashes = new TreeSet<>();
            for (int processes : List.of(1, 2, 3)) {
                RunFolder out = stage.run("p" + processes);
                train(
                        out,
                        "--new-head",
                        "--procs",
                        Integer.toString(processes),
                        "--lanes",
                        "1",
                        "--set",
                        "workers=4",
                        "--set",
                        "epochs=2",
                        "--set",
                        "model.frozen=" + FROZEN,
                        "--set",
                        "learning-rate.factors={layer3: 0.1, fc: 2}",
                        "--set",
                        "data.sampling=balanced");
                hashes.add(out.weights());
            }
            same(claims, hashes);
        });
    }

    private static void same(Case claims, Set<String> hashes) {
        claims.claim(hashes.size() == 1 && !hashes.contains(""), "weights: " + hashes);
    }
}
