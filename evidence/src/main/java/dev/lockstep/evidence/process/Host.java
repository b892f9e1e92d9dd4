package dev.lockstep.evidence.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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

    /** A script in place of ssh, which runs a command on the host of a name; it ignores options before the name. */
    public static Path remoteShell(Path file) throws IOException {
        Files.writeString(
                file,
                "#!/bin/sh\nwhile [ \"${1#-}\" != \"$1\" ]; do shift; done\nhost=$1\nshift\nexec ip netns exec \"$host\" unshare --uts sh -c"
                        + " 'hostname \"$0\"; exec sh -c \"$1\"' \"$host\" \"$*\"\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file;
    }
}
