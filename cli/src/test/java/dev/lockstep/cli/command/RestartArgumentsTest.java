package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RestartArgumentsTest {
    private static final List<String> GIVEN =
            List.of("train", "recipe.yaml", "--resume", "never", "--procs", "2", "--resume=never");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Test
    void resume_holdsUntilTheRunHasACheckpoint() throws IOException {
        Path checkpoints = folder.resolve("checkpoints");
        RestartArguments arguments = RestartArguments.of(GIVEN, checkpoints);
        assertThat(arguments.get()).isEqualTo(GIVEN);
        Files.createDirectory(checkpoints);
        Files.writeString(checkpoints.resolve("step-00000001.safetensors.tmp"), "part");
        assertThat(arguments.get()).isEqualTo(GIVEN);
        Files.writeString(checkpoints.resolve("step-00000001.safetensors"), "whole");
        assertThat(arguments.get()).containsExactly("train", "recipe.yaml", "--procs", "2");
    }

    @Test
    void oldCheckpoints_doNotCount_evenWhenSetAside() throws IOException {
        Path old = Files.writeString(folder.resolve("step-00000009.safetensors"), "old");
        RestartArguments arguments = RestartArguments.of(GIVEN, folder);
        assertThat(arguments.get()).isEqualTo(GIVEN);
        Files.move(old, folder.resolve("step-00000009.safetensors.superseded"));
        assertThat(arguments.get()).isEqualTo(GIVEN);
        Files.writeString(folder.resolve("step-00000002.safetensors"), "new");
        assertThat(arguments.get()).doesNotContain("--resume", "never", "--resume=never");
    }

    /** A link without a target is to a listing what a file is that vanishes before its time is read. */
    @Test
    void checkpointThatVanishesWhileListed_isLeftOut() throws IOException {
        Files.createSymbolicLink(folder.resolve("step-00000001.safetensors"), folder.resolve("gone"));
        RestartArguments arguments = RestartArguments.of(GIVEN, folder);
        assertThat(arguments.get()).isEqualTo(GIVEN);
    }
}
