package dev.lockstep.cli.doctor;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.collective.GlooProbe;
import dev.lockstep.torch.TorchFacts;
import dev.lockstep.torch.TorchRuntime;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * The main class of a separate process that loads the native code and prints what it found as one line of JSON. Native
 * code that does not suit the machine kills its process, and the doctor has to survive that.
 */
final class NativeProbe {
    private NativeProbe() {}

    public static void main(String[] arguments) {
        int exitCode = 0;
        try {
            System.out.println(probe());
        } catch (RuntimeException | Error e) {
            System.err.println(e.getMessage() == null ? e : e.getMessage());
            exitCode = 1;
        }
        System.out.flush();
        Runtime.getRuntime().halt(exitCode);
    }

    private static ObjectNode probe() {
        long started = System.nanoTime();
        TorchRuntime.load();
        double seconds = (System.nanoTime() - started) * 1e-9;
        TorchFacts facts = TorchFacts.gather();
        return JsonNodeFactory.instance
                .objectNode()
                .put("libtorch", facts.libtorch())
                .put("javacpp", facts.javacpp())
                .put("cpu", facts.cpuCapability())
                .put("threads", facts.threads())
                .put("seconds", seconds)
                .put("loopback", GlooProbe.host(InetAddress.getLoopbackAddress().getHostAddress()))
                .put("host", host());
    }

    private static String host() {
        try {
            return GlooProbe.host(InetAddress.getLocalHost().getHostAddress());
        } catch (UnknownHostException e) {
            return "the host name cannot be resolved";
        }
    }
}
