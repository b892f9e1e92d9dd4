package dev.lockstep.spark;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** The estimator on pictures of bars, upright or lying, in two executor processes. */
@Tag("slow")
@EnabledIfSystemProperty(named = "lockstep.spark.all", matches = "true", disabledReason = "evidence/run spark shows it")
class LockstepClassifierTest {
    private static final String RECIPE = """
            name: bars
            epochs: 5
            workers: 2
            images-per-worker: 8
            data: {dataset: webdataset, image-size: 16}
            model: {name: resnet8}
            learning-rate: {reference-minibatch: 32, warmup: {kind: none}}
            """;
    private static final int IMAGES = 200;

    private static Cluster cluster;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws IOException {
        cluster = new Cluster(2);
        Random random = new Random(1);
        Files.createDirectories(folder.resolve("images"));
        for (int i = 0; i < IMAGES; i++) {
            ImageIO.write(bar(random, i % 2 == 0), "png", file(i));
        }
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static File file(int index) {
        return folder.resolve("images/" + index + ".png").toFile();
    }

    private static BufferedImage bar(Random random, boolean upright) {
        BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(new Color(random.nextInt(1 << 24)));
        graphics.fillRect(0, 0, 16, 16);
        graphics.setColor(new Color(random.nextInt(1 << 24)));
        int at = random.nextInt(13);
        graphics.fillRect(upright ? at : 0, upright ? 0 : at, upright ? 3 : 16, upright ? 16 : 3);
        graphics.dispose();
        return image;
    }

    /** Every fourth picture of each kind is for validation. */
    private static Dataset<Row> labeled(Dataset<Row> images) {
        return images.withColumn(
                        "number",
                        functions
                                .regexp_extract(col("path"), "([0-9]+)\\.png$", 1)
                                .cast("int"))
                .withColumn("label", col("number").mod(2).cast("double"))
                .withColumn("validation", col("number").mod(8).lt(2));
    }

    private static Dataset<Row> files() {
        return labeled(cluster.session()
                .read()
                .format("binaryFile")
                .load(folder.resolve("images").toString())
                .withColumnRenamed("content", "image"));
    }

    private static LockstepClassifier classifier(String name) {
        return new LockstepClassifier()
                .setRecipe(RECIPE)
                .setHome(Cluster.HOME.toString())
                .setStagingFolder(folder.resolve(name + "-shards").toString())
                .setRunFolder(folder.resolve(name + "-run").toString())
                .setProcesses(2);
    }

    private static double error(Dataset<Row> scored) {
        Dataset<Row> validation = scored.filter(col("validation"));
        return (double) validation
                        .filter(col("prediction").notEqual(col("label")))
                        .count()
                / validation.count();
    }

    private static String lockstep(String... arguments) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(Cluster.HOME.resolve("lockstep").toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(180, TimeUnit.SECONDS)).isTrue();
        return output;
    }

    private static double evaluated(String weights, String shards) throws IOException, InterruptedException {
        String json = lockstep("eval", weights, "--data", shards, "--json");
        Matcher error =
                Pattern.compile("\"validation_top1_error\" : ([0-9.E-]+)").matcher(json);
        assertThat(error.find()).as(json).isTrue();
        return Double.parseDouble(error.group(1));
    }

    @Test
    void fitAndTransform_sameErrorAsTheCommandLine() throws Exception {
        LockstepModel model = classifier("files").fit(files());

        Dataset<Row> scored = model.transform(files()).cache();
        double error = error(scored);
        assertThat(error)
                .isEqualTo(evaluated(
                        folder.resolve("files-run").toString(),
                        folder.resolve("files-shards").toString()));
        assertThat(error).as("learned").isLessThan(0.45);
    }
}
