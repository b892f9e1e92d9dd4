package dev.lockstep.supervise;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;

/** This machine's own name, for messages that others read: works even if no name service knows the name. */
public final class HostName {
    private static final Path KERNEL = Path.of("/proc/sys/kernel/hostname");

    private HostName() {}

    /** One word; never empty. */
    public static String own() {
        try {
            String name = Files.readString(KERNEL).strip();
            if (!name.isEmpty() && name.chars().noneMatch(Character::isWhitespace)) {
                return name;
            }
        } catch (IOException e) {
            // Not Linux, or no /proc.
        }
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown-host";
        }
    }
}
