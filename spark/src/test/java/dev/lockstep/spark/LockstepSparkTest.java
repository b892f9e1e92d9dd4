package dev.lockstep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** Jobs on a cluster of two executors, each its own process. */
@Tag("slow")
class LockstepSparkTest {
    private static final long MOST_SECONDS = 180;

    private static final Recipe RECIPE = RecipeFile.parse("""
            name: tiny
            epochs: 2
            workers: 4
            images-per-worker: 8
            data: {dataset: "synthetic:images=640,validation=64,shape=1x8x8,classes=3"}
            model: {name: resnet8}
            """, "tiny.yaml", Map.of());

    private static Cluster cluster;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() {
        cluster = new Cluster(2);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static SparkOptions options(String run, int processes, String... arguments) {
        return new SparkOptions(Cluster.HOME.toString(), folder.resolve(run).toString(), processes)
                .withArguments(arguments);
    }

    private static RunResult train(SparkOptions options) {
        return LockstepSpark.train(cluster.session(), RECIPE, options);
    }

    /** examples/spark/Train.scala, compiled by Scala's compiler. */
    @Test
    void exampleInScala_trains() throws Exception {
        Path classes = Files.createDirectory(folder.resolve("scala"));
        String source = Cluster.HOME.resolve("examples/spark/Train.scala").toString();
        String path = System.getProperty("java.class.path");
        assertThat(scala.tools.nsc.Main.process(
                        new String[] {"-Werror", "-deprecation", "-d", classes.toString(), "-cp", path, source}))
                .isTrue();
        Path recipe = Files.writeString(folder.resolve("tiny.yaml"), RECIPE.toYaml());
        try (URLClassLoader loader = new URLClassLoader(
                new URL[] {classes.toUri().toURL()}, getClass().getClassLoader())) {
            RunResult result = (RunResult) loader.loadClass("Train")
                    .getMethod(
                            "train", SparkSession.class, String.class, String.class, String.class, int.class, Seq.class)
                    .invoke(
                            null,
                            cluster.session(),
                            Cluster.HOME.toString(),
                            recipe.toString(),
                            folder.resolve("by-scala").toString(),
                            2,
                            CollectionConverters.asScala(List.of("--stop-after", "7"))
                                    .toSeq());
            assertThat(result.steps()).isEqualTo(7);
            assertThat(result.processes()).isEqualTo(2);
            assertThat(result.weightsSha256())
                    .isEqualTo(train(options("by-java", 1, "--stop-after", "7")).weightsSha256());
        }
    }

    /** Of Spark's image source, in color and in gray. */
    @ParameterizedTest
    @ValueSource(ints = {BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_BYTE_GRAY})
    void decodedPictures_keepTheirPixels(int type) throws Exception {
        Path pictures = Files.createDirectory(folder.resolve("pictures-" + type));
        BufferedImage picture = new BufferedImage(5, 3, type);
        for (int i = 0; i < 15; i++) {
            picture.setRGB(i % 5, i / 5, 0x10204 * (i + 1));
        }
        ImageIO.write(picture, "png", pictures.resolve("a.png").toFile());
        Row row = cluster.session()
                .read()
                .format("image")
                .load(pictures.toString())
                .select("image")
                .first();
        Pictures.requireImages("image", row.schema().apply("image").dataType());
        BufferedImage again = ImageIO.read(new ByteArrayInputStream(Pictures.file(row.getStruct(0))));
        // What the file holds: Java's getRGB would brighten gray, which decoders of images do not.
        Raster stored = ImageIO.read(pictures.resolve("a.png").toFile()).getRaster();
        for (int i = 0; i < 15; i++) {
            int[] pixel = stored.getPixel(i % 5, i / 5, new int[stored.getNumBands()]);
            int last = pixel.length - 1;
            assertThat(again.getRGB(i % 5, i / 5) & 0xffffff)
                    .isEqualTo(pixel[0] << 16 | pixel[Math.min(1, last)] << 8 | pixel[Math.min(2, last)]);
        }
    }

    private static CompletableFuture<RunResult> inBackground(SparkOptions options) {
        return CompletableFuture.supplyAsync(() -> train(options));
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(MOST_SECONDS);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            Thread.sleep(20);
        }
    }

    private static boolean hasCheckpoint(String run) {
        try (Stream<Path> files = Files.list(folder.resolve(run).resolve("checkpoints"))) {
            return files.anyMatch(file -> file.toString().endsWith(".safetensors"));
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void train_twoExecutors_sameWeightsAsOneProcess_andProgressArrives() throws Exception {
        List<Progress> heard = new CopyOnWriteArrayList<>();
        SparkListener listener = new SparkListener() {
            @Override
            public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
                CollectionConverters.asJava(update.accumUpdates()).forEach(task -> hear(task._4()));
            }

            /** The steps may all be done between two heartbeats. */
            @Override
            public void onTaskEnd(SparkListenerTaskEnd ended) {
                hear(ended.taskInfo().accumulables());
            }

            private void hear(Seq<AccumulableInfo> values) {
                CollectionConverters.asJava(values).stream()
                        .filter(info -> info.name().contains(LockstepSpark.PROGRESS))
                        .forEach(info -> heard.add((Progress) info.update().get()));
            }
        };
        cluster.session().sparkContext().addSparkListener(listener);

        RunResult two = train(options("two", 2));

        await(() -> heard.stream().anyMatch(progress -> progress.step() == 40));
        cluster.session().sparkContext().removeSparkListener(listener);
        RunResult one = train(options("one", 1));
        assertThat(two.status()).isEqualTo(RunResult.Status.COMPLETED);
        assertThat(two.steps()).isEqualTo(40);
        assertThat(two.processes()).isEqualTo(2);
        assertThat(two.weightsSha256()).isEqualTo(one.weightsSha256()).hasSize(64);
        assertThat(heard).anySatisfy(progress -> {
            assertThat(progress.step()).isBetween(1L, 40L);
            assertThat(progress.totalSteps()).isEqualTo(40);
            assertThat(progress.loss()).isPositive();
            assertThat(progress.imagesPerSecond()).isPositive();
        });
        assertThat(Cluster.trainers()).isEmpty();
    }

    @Test
    @EnabledIfSystemProperty(
            named = "lockstep.spark.all",
            matches = "true",
            disabledReason = "evidence/run spark shows it")
    void train_executorKilled_stageIsSubmittedAgain_andResumes() throws Exception {
        String undisturbed =
                train(options("undisturbed", 2, "--stop-after", "30")).weightsSha256();
        List<Integer> attempts = new CopyOnWriteArrayList<>();
        SparkListener listener = new SparkListener() {
            @Override
            public void onStageSubmitted(SparkListenerStageSubmitted submitted) {
                attempts.add(submitted.stageInfo().attemptNumber());
            }
        };
        cluster.session().sparkContext().addSparkListener(listener);

        CompletableFuture<RunResult> run =
                inBackground(options("killed", 2, "--stop-after", "30", "--checkpoint-every", "1"));
        await(() -> hasCheckpoint("killed"));
        Cluster.executors().get(0).destroyForcibly();
        RunResult result = run.get(MOST_SECONDS, TimeUnit.SECONDS);

        cluster.session().sparkContext().removeSparkListener(listener);
        assertThat(result.weightsSha256()).isEqualTo(undisturbed);
        assertThat(attempts).contains(1);
        assertThat(Files.readString(folder.resolve("killed/metrics.jsonl")).lines())
                .filteredOn(line -> line.contains("\"type\":\"step\""))
                .as("each step once")
                .hasSize(30);
        assertThat(Cluster.trainers()).isEmpty();
    }

    @Test
    void train_jobCancelled_processesSaveAndEnd() throws Exception {
        CompletableFuture<RunResult> run = inBackground(options("cancelled", 2));
        await(() -> Cluster.trainers().size() == 2 && Files.exists(folder.resolve("cancelled/metrics.jsonl")));
        List<ProcessHandle> trainers = Cluster.trainers();

        cluster.session().sparkContext().cancelAllJobs();

        assertThatThrownBy(() -> run.get(MOST_SECONDS, TimeUnit.SECONDS))
                .hasCauseInstanceOf(LockstepException.class)
                .hasMessageContaining("cancelled");
        await(() -> trainers.stream().noneMatch(ProcessHandle::isAlive));
        assertThat(hasCheckpoint("cancelled")).isTrue();
    }

    @Test
    void train_failureThatARetryWouldNotFix_isThrownOnce() {
        assertThatThrownBy(() -> train(options("wrong", 2, "--set", "model.name=resnet9")))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.kind()).isEqualTo(LockstepException.Kind.RECIPE))
                .hasMessageContaining("resnet9")
                .hasMessageContaining("rank = 0");
    }

    @Test
    void train_lockstepMissingOnTheNodes_saysSo() {
        SparkOptions nowhere =
                new SparkOptions("/nowhere", folder.resolve("nowhere").toString(), 1);
        assertThatThrownBy(() -> train(nowhere))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("Lockstep is not on this node, home = /nowhere");
    }

    @Test
    void train_archive_isSentToTheNodes() throws Exception {
        Path home = Files.createDirectories(folder.resolve("packed/lockstep-1/bin"));
        Files.writeString(
                home.resolve("lockstep"), "#!/bin/sh\nexec '" + Cluster.HOME.resolve("lockstep") + "' \"$@\"\n");
        Path archive = folder.resolve("lockstep-1.tar.gz");
        Process tar = new ProcessBuilder(
                        "tar",
                        "-czf",
                        archive.toString(),
                        "-C",
                        folder.resolve("packed").toString(),
                        "lockstep-1")
                .start();
        assertThat(tar.waitFor()).isZero();

        RunResult result = LockstepSpark.train(
                cluster.session(),
                RECIPE,
                new SparkOptions(archive.toString(), folder.resolve("sent").toString(), 1)
                        .withArguments("--stop-after", "2"));

        assertThat(result.steps()).isEqualTo(2);
    }

    @Test
    void train_tooFewSlots_isRefusedBeforeItStarts() {
        org.apache.spark.SparkConf conf = cluster.session().sparkContext().conf();
        conf.set("spark.scheduler.maxRegisteredResourcesWaitingTime", "100ms");
        try {
            assertThatThrownBy(() -> train(options("many", 4)))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContaining("processes = 4, slots = 2");
        } finally {
            conf.set("spark.scheduler.maxRegisteredResourcesWaitingTime", "20s");
        }
        assertThat(folder.resolve("many")).doesNotExist();
    }

    @Test
    void train_dynamicAllocation_isRefusedBeforeItStarts() {
        org.apache.spark.SparkConf conf = cluster.session().sparkContext().conf();
        conf.set("spark.dynamicAllocation.enabled", "true");
        try {
            assertThatThrownBy(() -> train(options("dynamic", 2)))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContaining("spark.dynamicAllocation.enabled = true");
        } finally {
            conf.remove("spark.dynamicAllocation.enabled");
        }
    }

    @Test
    void train_moreProcessesThanWorkers_isRefusedBeforeItStarts() {
        assertThatThrownBy(() -> train(options("five", 5)))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("procs = 5 is larger than workers = 4");
    }
}
