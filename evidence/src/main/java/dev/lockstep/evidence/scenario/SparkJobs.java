package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.SparkInstallation;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lockstep as jobs of a real Spark, from PySpark's package: the main job's first steps on local-cluster and on a standalone cluster with two
 * workers, undisturbed and with an executor or the driver killed in mid-run; and the estimator on images of Fashion-MNIST.
 */
final class SparkJobs {
    private static final int STEPS = 40;
    private static final int KILLED_AT = 8;
    private static final long LONG = 180_000;
    private static final long ENDS = 60_000;
    private static final String LOCAL_CLUSTER = "local-cluster[2,1,1024]";

    private final Stage stage;
    private final SparkInstallation spark;
    private final RunFolder plain;

    private SparkJobs(Stage stage, String python) throws IOException, InterruptedException {
        this.stage = stage;
        this.spark = SparkInstallation.prepare(stage, python);
        this.plain = stage.run("plain");
        stage.require(stage.train("fashion-mnist.yaml", plain, "--stop-after", "" + STEPS), "plain.log");
    }

    static void play(Stage stage, Settings settings) throws Exception {
        SparkJobs jobs = new SparkJobs(stage, Objects.requireNonNullElse(settings.python(), "python3"));
        jobs.undisturbed(LOCAL_CLUSTER, "local-cluster[2,1,1024]", "local-cluster");
        SparkInstallation.Standalone cluster = jobs.spark.startStandalone(2);
        jobs.undisturbed(cluster.master(), "standalone, 2 workers", "standalone");
        jobs.executorKilled(cluster);
        jobs.driverKilled(cluster);
        jobs.estimator(cluster);
    }

    private Running submit(String master, RunFolder run, String... options) throws IOException {
        Command command = spark.submit(master, "train.py")
                .with(
                        stage.checkout().recipe("fashion-mnist.yaml").toString(),
                        run.path().toString(),
                        "2",
                        "--stop-after",
                        "" + STEPS)
                .with(options);
        return stage.start(command, run.path().getFileName() + ".log");
    }

    private void sameWeights(Case claims, Running driver, RunFolder run) throws InterruptedException {
        claims.equal("exit code", 0, driver.exitCode());
        claims.claim(run.sameAs(plain), "other weights: " + driver.log().lastLine());
        claims.claim(driver.log().says("^weights " + plain.weights() + "$"), "the driver names other weights");
    }

    private void undisturbed(String master, String title, String name) {
        stage.check(title, "exit code 0, the weights of a plain run", claims -> {
            RunFolder run = stage.run(name);
            sameWeights(claims, submit(master, run), run);
        });
    }

    private void executorKilled(SparkInstallation.Standalone cluster) {
        stage.check(
                "standalone, SIGKILL of an executor in mid-run",
                "the stage is submitted again and resumes, exit code 0, the weights of a plain run",
                claims -> {
                    RunFolder run = stage.run("executor");
                    Running driver = submit(cluster.master(), run, "--checkpoint-every", "1");
                    claims.claim(
                            Await.within(LONG, () -> run.newest() >= KILLED_AT),
                            "no checkpoint: " + driver.log().lastLine());
                    cluster.executors().get(0).destroyForcibly();
                    resumed(claims, driver, run);
                });
    }

    private void resumed(Case claims, Running driver, RunFolder run) throws InterruptedException {
        claims.figure("killed after step", run.newest());
        sameWeights(claims, driver, run);
        claims.claim(driver.log().says("attempt 2 resumes from the newest checkpoint"), "no second attempt");
        claims.equal("steps in the metrics", STEPS, run.metrics().count("\"type\":\"step\""));
        claims.claim(run.trainers().isEmpty(), "a process is left");
    }

    private void driverKilled(SparkInstallation.Standalone cluster) {
        stage.check("standalone, SIGKILL of the driver", "no Lockstep process is left", claims -> {
            RunFolder run = stage.run("driver");
            Running driver = submit(cluster.master(), run, "--checkpoint-every", "1");
            claims.claim(
                    Await.within(LONG, () -> run.newest() >= KILLED_AT),
                    "no checkpoint: " + driver.log().lastLine());
            List<ProcessHandle> trainers = run.trainers();
            claims.equal("processes", 2, trainers.size());
            driver.signal(Signal.KILL);
            claims.claim(
                    Await.within(ENDS, () -> trainers.stream().noneMatch(ProcessHandle::isAlive)), "a process is left");
            claims.claim(Await.within(LONG, () -> cluster.executors().isEmpty()), "an executor is left");
        });
    }

    private void estimator(SparkInstallation.Standalone cluster) {
        stage.check(
                "PySpark, estimator on images of Fashion-MNIST: fit, transform, save, load, transform",
                "the error that lockstep eval has on the same shards",
                claims -> {
                    Path images = stage.path("images");
                    ImageFiles.ofFashionMnist(images, 640, 160);
                    Path out = stage.path("estimator");
                    Running driver = stage.complete(
                            spark.submit(cluster.master(), "classify.py").with(images.toString(), out.toString(), "2"),
                            "estimator.log");
                    claims.equal("exit code", 0, driver.exitCode());
                    String evaluated = evaluated(out.resolve("run"), out.resolve("shards"));
                    claims.equal("validation error", evaluated, number(driver, "^validation error ([0-9.]+)$"));
                    claims.equal(
                            "saved and loaded",
                            evaluated,
                            number(driver, "^validation error of the saved model ([0-9.]+)$"));
                    claims.equal(
                            "saved weights, lockstep eval",
                            evaluated,
                            evaluated(out.resolve("model/weights.safetensors"), out.resolve("shards")));
                });
    }

    private String evaluated(Path weights, Path shards) throws IOException, InterruptedException {
        Running eval = stage.complete(
                stage.lockstep("eval", weights.toString(), "--data", shards.toString(), "--json"),
                "eval-" + weights.getFileName() + ".log");
        double error = Double.parseDouble(number(eval, "\"validation_top1_error\" : ([0-9.E-]+)"));
        return "%.6f".formatted(error);
    }

    private static String number(Running process, String regex) {
        Pattern pattern = Pattern.compile(regex);
        return process.log().lines().stream()
                .map(pattern::matcher)
                .filter(Matcher::find)
                .map(found -> found.group(1))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalStateException("no number: " + process.log().lastLine()));
    }
}
