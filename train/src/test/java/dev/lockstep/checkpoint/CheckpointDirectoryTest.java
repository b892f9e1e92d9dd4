package dev.lockstep.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.CrashTest;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.files.FaultyFileSystem;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
@net.jqwik.api.Tag("slow")
class CheckpointDirectoryTest {
    @TempDir
    private Path folder;

    private final List<String> notices = new ArrayList<>();

    private CheckpointDirectory directory(int keep) {
        return new CheckpointDirectory(folder, keep, notices::add);
    }

    private static Checkpoint checkpoint(long step) {
        TreeMap<String, HostTensor> tensors = new TreeMap<>();
        float[] values = new float[600];
        for (int i = 0; i < values.length; i++) {
            values[i] = i * (step + 0.5f);
        }
        tensors.put("fc.weight", HostTensor.of(values, 20, 30));
        tensors.put("bn1.num_batches_tracked", HostTensor.ofLong(step));
        return new Checkpoint(step, step / 4, step % 4, "name: x\n", "f00d", List.of(), "{}", tensors);
    }

    private static Path write(CheckpointDirectory directory, Checkpoint checkpoint) throws IOException {
        Path written = directory.write(checkpoint);
        directory.prune();
        return written;
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private long newestStep(CheckpointDirectory directory) {
        return directory.newest().orElseThrow().step();
    }

    @Test
    void write_keepsTheNewest() throws IOException {
        CheckpointDirectory directory = directory(2);
        for (long step : new long[] {3, 20, 7, 100_000_000_000L}) {
            write(directory, checkpoint(step));
        }
        assertThat(names()).containsExactly("step-00000020.safetensors", "step-100000000000.safetensors");
        assertThat(newestStep(directory)).isEqualTo(100_000_000_000L);
        assertThat(notices).isEmpty();
    }

    @Test
    void prune_keepsTheBestToo_untilABetterOneOrItsStepIsSuperseded() throws IOException {
        CheckpointDirectory directory = directory(1);
        evaluate(directory, 4, 0.5);
        evaluate(directory, 8, 0.25);
        evaluate(directory, 12, 0.25);
        write(directory, checkpoint(14));
        assertThat(names()).containsExactly("best.json", "step-00000008.safetensors", "step-00000014.safetensors");
        assertThat(directory.best()).contains(new BestCheckpoint(8, 0.25));
        assertThat(directory.bestOrNewest().orElseThrow().step()).isEqualTo(8);
        assertThat(newestStep(directory)).isEqualTo(14);
        evaluate(directory, 16, 0.125);
        assertThat(names()).containsExactly("best.json", "step-00000016.safetensors");
        directory.supersedeAfter(15);
        assertThat(directory.best()).isEmpty();
        evaluate(directory, 16, 0.75);
        assertThat(directory.best()).contains(new BestCheckpoint(16, 0.75));
        directory.supersedeAfter(16);
        assertThat(directory.best()).isPresent();
    }

    @Test
    void bestOrNewest_damagedOrMissingBest_isTheNewest() throws IOException {
        CheckpointDirectory directory = directory(1);
        evaluate(directory, 4, 0.1);
        write(directory, checkpoint(8));
        Files.write(folder.resolve("step-00000004.safetensors"), new byte[100]);
        assertThat(directory.bestOrNewest().orElseThrow().step()).isEqualTo(8);
        assertThat(notices).hasSize(1).first().asString().startsWith("skipping the best checkpoint: ");
        Files.delete(folder.resolve("step-00000004.safetensors"));
        assertThat(directory.bestOrNewest().orElseThrow().step()).isEqualTo(8);
        Files.writeString(folder.resolve("best.json"), "{\"step\": ");
        assertThat(directory.best()).isEmpty();
        evaluate(directory, 8, 0.9);
        assertThat(directory.best()).contains(new BestCheckpoint(8, 0.9));
    }

    private static void evaluate(CheckpointDirectory directory, long step, double error) throws IOException {
        directory.write(checkpoint(step));
        directory.evaluated(step, error);
        directory.prune();
    }

    @Test
    void newest_ofNothing_isEmpty() {
        assertThat(directory(1).newest()).isEmpty();
        assertThat(new CheckpointDirectory(folder.resolve("none"), 1, notices::add).newest())
                .isEmpty();
    }

    @Test
    void newest_truncatedAtEverySixteenth_isSkippedWithANotice() throws IOException {
        CheckpointDirectory directory = directory(2);
        write(directory, checkpoint(10));
        Path newest = write(directory, checkpoint(20));
        byte[] good = Files.readAllBytes(newest);
        for (int part = 0; part < 16; part++) {
            notices.clear();
            Files.write(newest, Arrays.copyOf(good, good.length * part / 16));
            assertThat(newestStep(directory)).as("%d/16", part).isEqualTo(10);
            assertThat(notices).hasSize(1);
            assertThat(notices.get(0))
                    .startsWith("skipping a checkpoint: damaged safetensors file")
                    .contains("step-00000020.safetensors");
        }
        Files.write(newest, good);
        assertThat(newestStep(directory)).isEqualTo(20);
    }

    @Test
    void newest_withAFlippedByte_isSkippedWithANotice() throws IOException {
        CheckpointDirectory directory = directory(2);
        write(directory, checkpoint(10));
        Path newest = write(directory, checkpoint(20));
        byte[] good = Files.readAllBytes(newest);
        // Every byte of length and header would take long; SafetensorsTest flips them all on a smaller file.
        for (int at = 0; at < good.length; at += 13) {
            notices.clear();
            byte[] bad = good.clone();
            bad[at] ^= (byte) 0x40;
            Files.write(newest, bad);
            assertThat(newestStep(directory)).as("byte %d", at).isEqualTo(10);
            assertThat(notices).as("byte %d", at).hasSize(1);
        }
    }

    @Test
    void newest_whereNoneIsGood_isACheckpointError() throws IOException {
        CheckpointDirectory directory = directory(3);
        for (long step = 1; step <= 3; step++) {
            Path file = write(directory, checkpoint(step));
            Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 1000));
        }
        assertThatThrownBy(directory::newest)
                .isInstanceOfSatisfying(LockstepException.class, e -> {
                    assertThat(e.kind()).isEqualTo(LockstepException.Kind.CHECKPOINT);
                    assertThat(e.exitCode()).isEqualTo(6);
                })
                .hasMessageContainingAll("no good checkpoint is left", "files = 3", folder.toString());
        assertThat(notices).hasSize(3);
    }

    @Test
    void otherFiles_areNotCheckpoints() throws IOException {
        CheckpointDirectory directory = directory(1);
        write(directory, checkpoint(5));
        List<String> others = List.of(
                "step-00000009.safetensors.tmp",
                "step-00000009.safetensors.superseded",
                "step-9.safetensors",
                "step-99999999999999999999.safetensors",
                "notes.txt");
        for (String name : others) {
            Files.writeString(folder.resolve(name), "x");
        }
        assertThat(newestStep(directory)).isEqualTo(5);
        write(directory, checkpoint(6));
        assertThat(names()).containsAll(others).contains("step-00000006.safetensors");
        assertThat(notices).isEmpty();
    }

    @Test
    void unfinishedFiles_areRemoved() throws IOException {
        CheckpointDirectory directory = directory(2);
        write(directory, checkpoint(5));
        Files.writeString(folder.resolve("step-00000007.safetensors.0123456789abcdef.tmp"), "half");
        Files.writeString(folder.resolve("mine.tmp"), "stays");
        directory.removeUnfinished();
        assertThat(names()).containsExactly("mine.tmp", "step-00000005.safetensors");
        new CheckpointDirectory(folder.resolve("none"), 1, notices::add).removeUnfinished();
    }

    @Test
    void laterCheckpoints_areSetAside() throws IOException {
        CheckpointDirectory directory = directory(4);
        for (long step = 0; step <= 3; step++) {
            write(directory, checkpoint(step));
        }
        directory.supersedeAfter(1);
        assertThat(newestStep(directory)).isEqualTo(1);
        assertThat(names())
                .containsExactly(
                        "step-00000000.safetensors",
                        "step-00000001.safetensors",
                        "step-00000002.safetensors.superseded",
                        "step-00000003.safetensors.superseded");
        directory.supersedeAfter(-1);
        assertThat(directory.newest()).isEmpty();
    }

    @Test
    void fullDisk_failsAndLeavesOldCheckpointsWhole() throws IOException {
        CheckpointDirectory directory = directory(2);
        Path old = write(directory, checkpoint(10));
        byte[] before = Files.readAllBytes(old);
        FaultyFileSystem full = new FaultyFileSystem(folder, (change, file) -> {
            if (change.equals("write")) {
                throw new IOException("No space left on device");
            }
        });
        assertThatThrownBy(() -> write(new CheckpointDirectory(full.folder(), 2, notices::add), checkpoint(20)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("No space left on device");
        assertThat(names()).containsExactly("step-00000010.safetensors");
        assertThat(Files.readAllBytes(old)).isEqualTo(before);
        assertThat(newestStep(directory)).isEqualTo(10);
        write(directory, checkpoint(20));
        assertThat(newestStep(directory)).isEqualTo(20);
    }

    private static void writeTwo(Path folder, CrashTest.Acknowledged acknowledged) throws IOException {
        CheckpointDirectory directory = new CheckpointDirectory(folder.resolve("run/checkpoints"), 1, notice -> {});
        for (long step = 10; step <= 20; step += 10) {
            directory.write(checkpoint(step));
            acknowledged.set(step);
            directory.prune();
        }
    }

    private void requireAcknowledged(Path folder, long acknowledged) throws IOException {
        CheckpointDirectory directory = new CheckpointDirectory(folder.resolve("run/checkpoints"), 1, notices::add);
        long newest = directory.newest().map(Checkpoint::step).orElse(0L);
        assertThat(newest).isGreaterThanOrEqualTo(acknowledged).isIn(0L, 10L, 20L);
        assertThat(notices).as("no file is there in part").isEmpty();
        directory.removeUnfinished();
        write(directory, checkpoint(30));
        assertThat(newestStep(directory)).isEqualTo(30);
    }

    @Test
    void power_lostAtAnyChange_leavesEveryCheckpointThatWasAcknowledged() throws IOException {
        int changes = new CrashTest(folder).losePower(CheckpointDirectoryTest::writeTwo, this::requireAcknowledged);
        assertThat(changes).isGreaterThan(12);
    }

    @Test
    void change_refusedAnywhere_leavesEveryCheckpointThatWasAcknowledged() throws IOException {
        new CrashTest(folder).refuse(CheckpointDirectoryTest::writeTwo, this::requireAcknowledged);
    }

    private static Checkpoint of(float value, String trainer, List<String> classNames) {
        return new Checkpoint(
                7, 1, 3, "name: x\n", "f00d", classNames, trainer, Map.of("w", HostTensor.of(new float[] {value}, 1)));
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void valuesThatAreNotFinite_areNeitherWrittenNorTakenForGood(float value) throws IOException {
        CheckpointDirectory directory = directory(2);
        write(directory, checkpoint(5));
        assertThatThrownBy(() -> directory.write(of(value, "{}", List.of())))
                .isInstanceOf(IOException.class)
                .hasMessage("tensor w is not finite");
        assertThat(names()).containsExactly("step-00000005.safetensors");
        Safetensors good = of(1, "{}", List.of()).toFile();
        writeRaw(new Safetensors(good.metadata(), Map.of("w", HostTensor.of(new float[] {value}, 1))));
        assertThat(newestStep(directory)).isEqualTo(5);
        assertThat(notices).hasSize(1).first().asString().contains("tensor w is not finite", "use an earlier one");
    }

    private Path writeRaw(Safetensors contents) throws IOException {
        Path file = folder.resolve("step-00000007.safetensors");
        DurableFiles.write(file, contents::write);
        return file;
    }

    @Property(tries = 40, edgeCases = EdgeCasesMode.NONE)
    void whateverIsWritten_canBeRead(
            @ForAll @StringLength(max = 30) String trainer,
            @ForAll @IntRange(max = 1_000_000) int repeated,
            @ForAll @Size(max = 5) List<@StringLength(max = 9) String> classNames)
            throws IOException {
        Path file = Files.createTempFile("any", ".safetensors");
        String books = (trainer + "x").repeat(Math.min(repeated, 15_000_000 / (trainer.length() + 1)));
        DurableFiles.write(file, of(1, books, classNames).toFile()::write);
        Checkpoint read = Checkpoint.read(file);
        Files.delete(file);
        assertThat(read.trainer().equals(inUtf8(books))).isTrue();
        assertThat(read.classNames())
                .isEqualTo(
                        classNames.stream().map(CheckpointDirectoryTest::inUtf8).toList());
    }

    /** Half a surrogate pair has no bytes. */
    private static String inUtf8(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    @Test
    void manyClasses_areWrittenAndRead() throws IOException {
        List<String> names = Collections.nCopies(1_500_000, "n01440764 tench");
        Checkpoint read = Checkpoint.read(write(directory(1), of(1, "{}", names)));
        assertThat(read.classNames()).hasSize(1_500_000).first().isEqualTo("n01440764 tench");
    }

    @Test
    void classNamesWithoutEnd_areLeftOut() throws IOException {
        List<String> names = Collections.nCopies(300_000, "\u0001".repeat(250));
        assertThat(Checkpoint.read(write(directory(1), of(1, "{}", names))).classNames())
                .isEmpty();
    }

    @Test
    void headerThatNobodyCouldRead_isNotWritten() {
        assertThatThrownBy(() -> write(directory(1), of(1, "x".repeat(100_000_000), List.of())))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("limit = 100000000");
        assertThat(folder).isEmptyDirectory();
    }

    @ParameterizedTest
    @CsvSource({
        "step,-5,step = -5",
        "step,'',step = ",
        "step,1e3,step = 1e3",
        "step,99999999999999999999,step = 99999999999999999999",
        "epoch,-2,epoch = -2",
        "iteration,-1,iteration = -1",
        "step,,no step",
        "epoch,,no epoch",
        "iteration,,no iteration",
        "recipe,,no recipe",
        "dataset_fingerprint,,no dataset_fingerprint",
        "trainer,,no trainer",
        "class_names,,no class_names",
        "class_names,{},class_names is malformed",
        "class_names,[null],class_names is malformed"
    })
    void metadataForgedOrMissing_isDamage(String key, @Nullable String value, String named) throws IOException {
        Safetensors good = of(1, "{}", List.of()).toFile();
        Map<String, String> metadata = new TreeMap<>(good.metadata());
        if (value == null) {
            metadata.remove(key);
        } else {
            metadata.put(key, value);
        }
        Path file = writeRaw(new Safetensors(metadata, good.tensors()));
        assertThatThrownBy(() -> Checkpoint.read(file))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("damaged checkpoint: " + named)
                .hasMessageEndingWith("file = " + file + ", use another one");
    }

    @Test
    void checkpoint_writtenAndRead_isTheSame() throws IOException {
        Checkpoint written = checkpoint(7);
        Checkpoint read = Checkpoint.read(write(directory(1), written));
        assertThat(read.step()).isEqualTo(7);
        assertThat(read.epoch()).isEqualTo(1);
        assertThat(read.iteration()).isEqualTo(3);
        assertThat(read.recipe()).isEqualTo(written.recipe());
        assertThat(read.datasetFingerprint()).isEqualTo("f00d");
        assertThat(read.trainer()).isEqualTo("{}");
        assertThat(read.tensors().get("fc.weight").floats())
                .isEqualTo(written.tensors().get("fc.weight").floats());
    }

    @Test
    void anotherFormat_isNamed() throws IOException {
        Path file = folder.resolve("step-00000001.safetensors");
        try (var out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            new Safetensors(Map.of("format_version", "lockstep-9"), Map.of()).write(out);
        }
        assertThatThrownBy(() -> Checkpoint.read(file))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("format_version = lockstep-9");
    }
}
