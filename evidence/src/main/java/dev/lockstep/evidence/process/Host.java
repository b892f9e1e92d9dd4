package dev.lockstep.evidence.process;

import java.nio.file.Path;
import java.util.List;

/** A network namespace with its own host name: equivalent to another machine. */
public record Host(String name, String address) {
    /** The name of the machine that the scenario runs on, as its processes see it. */
    public static String local() {
        return new Log(Path.of("/proc/sys/kernel/hostname")).lastLine();
    }

    List<String> prefix() {
        return List.of(
                "ip", "netns", "exec", name, "unshare", "--uts", "sh", "-c", "hostname \"$0\"; exec \"$@\"", name);
    }
}
