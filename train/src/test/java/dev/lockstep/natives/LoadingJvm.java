package dev.lockstep.natives;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Loader;

/** Processes that load native libraries from their own cache, whose path contains a space, and print its path. */
record LoadingJvm(Path folder, String... options) {
    public static void main(String[] arguments) throws IOException {
        int status = 0;
        try {
            if (arguments[0].equals("unwritable")) {
                LoaderFolder.use(Path.of("/nowhere/natives"));
            } else {
                if (arguments[0].equals("after another")) {
                    Loader.load(org.bytedeco.javacpp.presets.javacpp.class);
                }
                TorchRuntime.load();
            }
            if (arguments[0].equals("all")) {
                ImageCodec.encodePng(new ImageData.Pixels(1, 1, 3, new byte[3]));
            }
            System.out.println(Loader.getCacheDir());
        } catch (LockstepException e) {
            System.out.println(e.getMessage());
            status = 1;
        }
        System.out.flush();
        Runtime.getRuntime().halt(status);
    }

    Path natives() throws IOException {
        return folder.toRealPath().resolve("a cache").resolve("natives");
    }

    Process start(String what) throws IOException {
        // Background commands of a shell ignore SIGINT, and so do their children.
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-XX:ErrorFile=" + folder.resolve("crash-%p.log"),
                "-cp",
                System.getProperty("java.class.path"),
                LoadingJvm.class.getName(),
                what));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LOCKSTEP_CACHE", folder.resolve("a cache").toString());
        return builder.start();
    }

    static String output(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    void assertSeveralAtOnceAreGood() throws Exception {
        List<Process> processes = List.of(start("all"), start("all"), start("all"));
        for (Process process : processes) {
            assertGood(process, natives());
        }
    }

    static void assertGood(Process process, Path natives) throws Exception {
        String output = output(process);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output.strip().lines().reduce("", (before, line) -> line)).isEqualTo(natives.toString());
    }
}
