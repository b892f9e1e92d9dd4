package dev.lockstep.cli.doctor;

import dev.lockstep.collective.GlooProbe;
import dev.lockstep.natives.NativeLibraries;
import dev.lockstep.text.Json;
import dev.lockstep.torch.DeviceProvider;
import dev.lockstep.torch.Devices;
import dev.lockstep.torch.LibraryVersion;
import dev.lockstep.torch.TorchFacts;
import dev.lockstep.torch.TorchRuntime;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/**
 * The main class of a separate process that loads the native code and prints what it found as one line of JSON. Native
 * code that does not suit the machine kills its process, and the doctor has to survive that.
 */
final class NativeProbe {
    private NativeProbe() {}

    public static void main(String[] arguments) {
        int exitCode = 0;
        try {
            System.out.println(Json.line(probe()));
        } catch (RuntimeException | Error e) {
            System.err.println(e.getMessage() == null ? e : e.getMessage());
            exitCode = 1;
        }
        System.out.flush();
        Runtime.getRuntime().halt(exitCode);
    }

    private static NativeFacts probe() {
        long started = System.nanoTime();
        TorchRuntime.load();
        double seconds = (System.nanoTime() - started) * 1e-9;
        TorchFacts facts = TorchFacts.gather();
        return new NativeFacts(
                facts.libtorch(),
                facts.javacpp(),
                facts.cpuCapability(),
                facts.threads(),
                seconds,
                GlooProbe.host(InetAddress.getLoopbackAddress().getHostAddress()),
                host(),
                libraries());
    }

    private static List<LibraryVersion> libraries() {
        return NativeLibraries.isForGpus()
                ? Devices.provider().map(DeviceProvider::libraries).orElse(List.of())
                : List.of();
    }

    private static String host() {
        try {
            return GlooProbe.host(InetAddress.getLocalHost().getHostAddress());
        } catch (UnknownHostException e) {
            return "the host name cannot be resolved";
        }
    }
}
