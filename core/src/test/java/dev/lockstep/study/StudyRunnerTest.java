package dev.lockstep.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
final class StudyRunnerTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private Path out = Path.of("");
    private final Queue<String> trained = new ConcurrentLinkedQueue<>();

    @BeforeEach
    void out() {
        out = folder.resolve("out");
    }

    private RunResult pretend(StudyRun run) {
        trained.add(run.title());
        return Studies.pretend(run);
    }

    private StudyRunner runner(RunExecutor executor) {
        return new StudyRunner(Studies.study(folder), out, List.of(), executor, new StudyListener() {});
    }

    private Map<String, String> tables(Path of) throws IOException {
        Map<String, String> tables = new TreeMap<>();
        for (String name :
                List.of("summary.json", "table.csv", "runs.csv", "curves.csv", "answers.csv", "results.md")) {
            tables.put(name, Files.readString(of.resolve(name)));
        }
        return tables;
    }

    @Test
    void run_trainsEveryVariantWithEverySeedOnce() throws Exception {
        StudyResults results = runner(this::pretend).run(1);
        assertThat(trained)
                .containsExactly(
                        "small seed 1",
                        "gradual seed 1",
                        "none seed 1",
                        "small seed 2",
                        "gradual seed 2",
                        "none seed 2",
                        "small seed 3",
                        "gradual seed 3",
                        "none seed 3");
        assertThat(results.answers())
                .extracting(Answer::verdict)
                .containsExactly(Verdict.HOLDS, Verdict.HOLDS, Verdict.HOLDS);
        assertThat(results.rows()).extracting(row -> row.errors().size()).containsExactly(3, 3, 3);
        assertThat(Files.readString(out.resolve("table.csv")))
                .startsWith("variant,label,minibatch,learning_rate,seeds,mean_error_percent,std_error_percent,"
                        + "baseline,difference_points,diverged,paper\nsmall,kn = 64,64,0.025,3,");
        assertThat(Files.readString(out.resolve("results.md")))
                .containsPattern(
                        "\\| kn = 64 \\| 18\\.\\d\\d ± 0\\.\\d\\d \\| 3 \\| 64 \\| 0\\.025 \\| 23\\.60 ± 0\\.12 \\|\n")
                .contains(
                        "- The error of “gradual” matches that of “kn = 64” within 0.5 points: **holds** (difference ");
    }

    @Test
    void grid_variantWithItsOwnSeeds_usesThem() {
        Studies.write(
                folder, Studies.STUDY.replace("paper: 23.60 ± 0.12", "seeds: [7, 8, 9, 10]\n    paper: 23.60 ± 0.12"));
        assertThat(Study.read(folder.resolve("study.yaml")).grid(out))
                .extracting(StudyRun::title)
                .containsExactly(
                        "small seed 7",
                        "gradual seed 1",
                        "none seed 1",
                        "small seed 8",
                        "gradual seed 2",
                        "none seed 2",
                        "small seed 9",
                        "gradual seed 3",
                        "none seed 3",
                        "small seed 10");
    }

    @Test
    void run_parallel_givesTheSameTables() throws Exception {
        runner(this::pretend).run(1);
        Map<String, String> expected = tables(out);
        out = folder.resolve("parallel");
        runner(this::pretend).run(4);
        assertThat(tables(out)).isEqualTo(expected);
    }

    @Test
    void run_parallel_runsTwoAtATime() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        runner(run -> {
                    both.countDown();
                    assertThat(both.await(20, TimeUnit.SECONDS)).isTrue();
                    return Studies.pretend(run);
                })
                .run(2);
        assertThat(both.getCount()).isZero();
    }

    @Test
    void run_afterAnyInterruption_resumesWithoutRepeatingAndGivesTheSameTables() throws Exception {
        runner(this::pretend).run(1);
        Map<String, String> expected = tables(out);
        for (int runsBeforeTheKill = 0; runsBeforeTheKill < 9; runsBeforeTheKill++) {
            out = folder.resolve("killed-" + runsBeforeTheKill);
            trained.clear();
            AtomicInteger left = new AtomicInteger(runsBeforeTheKill);
            // As left by SIGKILL: the folder of an unfinished run with a recipe and a truncated line of metrics.
            RunExecutor killed = run -> {
                if (left.getAndDecrement() == 0) {
                    write(
                            run.folder().resolve("recipe.yaml"),
                            run.recipe().toYaml().substring(0, 40));
                    write(run.folder().resolve("metrics.jsonl"), "{\"type\":\"st");
                    throw new IllegalStateException("killed");
                }
                return pretend(run);
            };
            assertThatThrownBy(() -> runner(killed).run(1)).hasMessage("killed");
            assertThat(runner(this::pretend).finished()).hasSize(runsBeforeTheKill);
            runner(this::pretend).run(1);
            assertThat(trained).hasSize(9).doesNotHaveDuplicates();
            assertThat(tables(out)).isEqualTo(expected);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void run_finishedStudy_trainsNothing() throws Exception {
        StudyResults first = runner(this::pretend).run(2);
        StudyResults second = runner(run -> {
                    throw new AssertionError(run.title());
                })
                .run(1);
        assertThat(second).isEqualTo(first);
    }

    @Test
    void run_reusingAnotherStudy_trainsOnlyTheMissingRuns() throws Exception {
        StudyResults first = runner(this::pretend).run(1);
        Studies.write(
                folder, Studies.STUDY.replace("name: table", "name: other").replace("32", "16"));
        for (Path reuse : List.of(out, out.resolve(StudyResults.SUMMARY))) {
            trained.clear();
            StudyRunner reusing = new StudyRunner(
                    Study.read(folder.resolve("study.yaml")),
                    folder.resolve("other-" + reuse.getFileName()),
                    List.of(reuse),
                    this::pretend,
                    new StudyListener() {});
            assertThat(reusing.finished())
                    .extracting(StudyRun::title)
                    .containsExactly("small seed 1", "small seed 2", "small seed 3");
            StudyResults second = reusing.run(1);
            assertThat(trained).hasSize(6).noneMatch(title -> title.startsWith("small"));
            RunSummary taken = second.runs().get(0);
            assertThat(taken.reusedFrom()).isEqualTo("table");
            assertThat(taken.weightsSha256()).isEqualTo(first.runs().get(0).weightsSha256());
            assertThat(second.runs().get(1).reusedFrom()).isEmpty();
            assertThat(second.markdown()).doesNotContain("all its runs");
        }
    }

    @Test
    void runner_reusedStudyWithoutSummary_isAnError() {
        assertThatThrownBy(() -> new StudyRunner(
                        Studies.study(folder), out, List.of(folder), this::pretend, new StudyListener() {}))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("no readable summary: ")
                .hasMessageContaining("summary.json");
    }

    @Test
    void run_afterAnInterruptedRun_trainsItAgain() throws Exception {
        runner(this::pretend).run(1);
        Path run = out.resolve("runs/none/seed-2");
        Studies.result(RunResult.Status.INTERRUPTED, 0.5).write(run);
        trained.clear();
        runner(this::pretend).run(1);
        assertThat(trained).containsExactly("none seed 2");
    }

    @Test
    void run_diverges_isKeptAndNotRetried() throws Exception {
        RunExecutor diverging = run -> run.variant().name().equals("none")
                ? Studies.result(RunResult.Status.DIVERGED, Double.NaN)
                : pretend(run);
        StudyResults results = runner(diverging).run(1);
        assertThat(results.rows().get(2).diverged()).isEqualTo(3);
        assertThat(results.rows().get(2).errors()).isEqualTo(new Sample(1, 1, 1));
        trained.clear();
        assertThat(runner(this::pretend).run(1)).isEqualTo(results);
        assertThat(trained).isEmpty();
    }

    @Test
    void run_onAFolderOfAnotherRecipe_isRefusedBeforeTraining() throws Exception {
        runner(this::pretend).run(1);
        Files.writeString(folder.resolve("base.yaml"), Studies.RECIPE.replace("epochs: 6", "epochs: 7"));
        trained.clear();
        StudyRunner changed = new StudyRunner(
                Study.read(folder.resolve("study.yaml")), out, List.of(), this::pretend, new StudyListener() {});
        assertThatThrownBy(() -> changed.run(1))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("epochs = 7 (6)");
        assertThat(trained).isEmpty();
    }

    @Test
    void run_questionsAddedLater_mustBeMarked() throws Exception {
        runner(this::pretend).run(1);
        String last = "{kind: worse-than, variant: none, baseline: small}";
        String added = "{kind: worse-than, variant: none, baseline: gradual%s}";
        Studies.write(folder, Studies.STUDY.replace(last, last + "\n  - " + added.formatted("")));
        assertThatThrownBy(() -> again().run(1))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("question was added after the first run started, kind = worse-than,");
        Studies.write(folder, Studies.STUDY.replace(last, last + "\n  - " + added.formatted(", added-later: true")));
        assertThat(again().run(1).markdown())
                .contains("“none” is worse than that of “gradual” (asked after the first run): **holds**");
        Studies.write(folder, Studies.STUDY.replace("  - " + last + "\n", ""));
        assertThatThrownBy(() -> again().run(1)).hasMessageStartingWith("question was dropped after the first run: ");
        Studies.write(folder, Studies.STUDY.replace("0.5", "5"));
        assertThatThrownBy(() -> again().run(1)).hasMessageContaining("margin-points = 5");
        Studies.write(folder, Studies.STUDY + "level: 0.1\n");
        assertThatThrownBy(() -> again().run(1)).hasMessageStartingWith("level = 0.1 was 0.05");
    }

    @Test
    void run_seedsAddedLater_mustBeMarked() throws Exception {
        runner(this::pretend).run(1);
        String stated = "seeds: [1, 2, 3]";
        Studies.write(folder, Studies.STUDY.replace(stated, "seeds: [1, 2, 3, 4]"));
        assertThatThrownBy(() -> again().run(1))
                .hasMessageStartingWith("seeds were added after the first run started: seeds = [4], variant = small,");
        trained.clear();
        Studies.write(folder, Studies.STUDY.replace(stated, stated + "\nlater-seeds: [4]"));
        StudyResults more = again().run(1);
        assertThat(trained).containsExactly("small seed 4", "gradual seed 4", "none seed 4");
        assertThat(more.markdown())
                .contains("; p is nominal, because seeds were added after the first run: 4 of “kn = 64”, 4 of “none”;"
                        + " without them: holds, p ");
        Studies.write(folder, Studies.STUDY.replace(stated, "seeds: [1, 2]"));
        assertThatThrownBy(() -> again().run(1))
                .hasMessageStartingWith("seeds = [3, 4] of variant = small were dropped or moved after the first run");
        Studies.write(folder, Studies.STUDY.replace(stated, "seeds: [1, 2]\nlater-seeds: [3, 4]"));
        assertThatThrownBy(() -> again().run(1)).hasMessageStartingWith("seeds = [3] of variant = small were dropped");
        Studies.write(folder, Studies.STUDY.replace(stated, stated + "\nlater-seeds: [5]"));
        assertThatThrownBy(() -> again().run(1)).hasMessageStartingWith("seeds = [4] of variant = small were dropped");
        Studies.write(folder, Studies.STUDY.replace("model.width: 8", "model.width: 16"));
        assertThatThrownBy(() -> again().run(1))
                .hasMessageStartingWith("set = {learning-rate.warmup.kind=none, model.width=16} of variant = small was "
                        + "{learning-rate.warmup.kind=none, model.width=8} when the first run started");
        Studies.write(folder, Studies.STUDY.replace("seeds:", "  - {name: another}\nseeds:"));
        assertThatThrownBy(() -> again().run(1))
                .hasMessageStartingWith(
                        "variants changed after the first run started: variants = [small, gradual, none, another], before =");
    }

    @Test
    void run_differentData_reusesNothing() throws Exception {
        RunExecutor here = on("data");
        RunExecutor elsewhere = on("other data");
        runner(here).run(1);
        trained.clear();
        runner(elsewhere).run(1);
        assertThat(trained).as("a finished study needs no data").isEmpty();
        Files.delete(out.resolve("runs/none/seed-3/result.json"));
        assertThatThrownBy(() -> runner(elsewhere).run(1))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("run folder holds a run on different data, "
                        + "dataset fingerprint = other data (in the folder: data), folder = ");
        List<Path> reuse = List.of(out);
        Study study = Study.read(Studies.write(folder, Studies.STUDY.replace("[1, 2, 3]", "[1, 2, 3, 4]")));
        trained.clear();
        new StudyRunner(study, folder.resolve("here"), reuse, here, new StudyListener() {}).run(1);
        assertThat(trained).containsExactlyInAnyOrder("small seed 4", "gradual seed 4", "none seed 4");
        trained.clear();
        new StudyRunner(study, folder.resolve("elsewhere"), reuse, elsewhere, new StudyListener() {}).run(1);
        assertThat(trained).hasSize(12);
    }

    @Test
    void run_overFinishedRunsOnDifferentData_isRefused() throws Exception {
        runner(on("data")).run(1);
        Path result = out.resolve("runs/none/seed-2/result.json");
        Files.writeString(result, Files.readString(result).replace("\"data\"", "\"other\""));
        assertThatThrownBy(() -> runner(on("data")).run(1))
                .hasMessageStartingWith(
                        "runs were trained on different data, dataset fingerprint = data of small seed 1, "
                                + "other of none seed 2");
    }

    private RunExecutor on(String data) {
        return new RunExecutor() {
            @Override
            public RunResult run(StudyRun run) {
                RunResult result = pretend(run);
                Path file = run.folder().resolve(RunResult.NAME);
                write(file, read(file).replace("\"data\"", '"' + data + '"'));
                return result;
            }

            @Override
            public String datasetFingerprint(StudyRun run) {
                return data;
            }
        };
    }

    @Test
    void read_ofAnElbowOverEqualMinibatches_isRefused() {
        Path file = Studies.write(
                folder,
                Studies.STUDY.replace(
                        "questions:\n", "questions:\n  - {kind: elbow, baseline: small, margin-points: 1}\n"));
        assertThatThrownBy(() -> Study.read(file))
                .hasMessageStartingWith(
                        "elbow needs a different minibatch for each variant, " + "gradual and none have kn = 1024");
    }

    private StudyRunner again() {
        return new StudyRunner(
                Study.read(folder.resolve("study.yaml")), out, List.of(), this::pretend, new StudyListener() {});
    }

    @Test
    void run_whileAnotherRunsInTheFolder_isRefused() {
        RunExecutor nested = run -> {
            runner(this::pretend).run(1);
            return Studies.pretend(run);
        };
        assertThatThrownBy(() -> runner(nested).run(1))
                .hasMessageStartingWith("another study is running in this folder");
    }

    @Test
    void run_oneFails_stopsTheOthers() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        RunExecutor failing = run -> {
            if (run.variant().name().equals("small")) {
                started.await();
                throw LockstepException.worker("a run failed", "run = " + run.title(), "");
            }
            started.countDown();
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                stopped.countDown();
                throw e;
            }
            return Studies.pretend(run);
        };
        assertThatThrownBy(() -> runner(failing).run(2)).hasMessage("a run failed, run = small seed 1");
        assertThat(stopped.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void read_ofASummary_answersTheSame() throws Exception {
        StudyResults results = runner(this::pretend).run(1);
        StudyResults again = StudyResults.read(results.study(), out.resolve(StudyResults.SUMMARY));
        assertThat(again).isEqualTo(results);
        assertThat(again.summaryJson()).isEqualTo(Files.readString(out.resolve("summary.json")));
    }
}
